-- Gives back a seat that was never handed out. It stays when the ledger has its lease, or
-- when a later request of the same device is about to hand it out.
-- ARGV: lease, claim, reason -> freed | kept | cold
if not warm() then return {'cold'} end
local _, _, kind = holder(ARGV[1])
if kind ~= 'p' or redis.call('HGET', claims, ARGV[1]) ~= ARGV[2] then return {'kept'} end
free(ARGV[1], ARGV[3], '')
look(now + soon)
return {'freed'}
