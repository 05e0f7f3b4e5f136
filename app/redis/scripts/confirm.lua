-- Makes a reserved seat what the ledger says now, and forgets endings that the ledger has.
-- ARGV: lease, kind, expiry, then pairs of ending and time -> held | lost | cold
settle(4)
if redis.call('HGET', state, 'run') ~= run() then return {'cold'} end
local lease, kind = ARGV[1], ARGV[2]
local before = tonumber(redis.call('ZSCORE', leases, lease) or 0)
if before <= now then return {'lost'} end
local device, user, was = holder(lease)
-- A borrowed lease stays one, and nobody's lease is made shorter.
if was == 'b' then kind = 'b' end
hold(lease, math.max(before, tonumber(ARGV[3])), device, user, kind)
redis.call('HDEL', claims, lease)
return {'held'}
