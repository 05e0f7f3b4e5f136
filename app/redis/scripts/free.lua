-- Gives a seat back, and forgets endings that the ledger has. ARGV: lease, user ('' for whoever
-- holds it), reason, origin, then pairs of ending and time -> freed now | cold | absent | holder
settle(5)
if not warm() then return {'cold'} end
local lease, user = ARGV[1], ARGV[2]
if not redis.call('ZSCORE', leases, lease) then return {'absent'} end
local _, owner = holder(lease)
if user ~= '' and owner ~= user then return {'holder'} end
free(lease, ARGV[3], ARGV[4])
look(now + soon)
return {'freed', int(now)}
