-- Starts a rebuild, if nobody else has. What is read from the ledger after this is good until the
-- licence is loaded, while the mark is there: a loss of the state takes it along.
-- KEYS 18: the mark, 19: who rebuilds. ARGV: ticket, how long it may do nothing, milliseconds
-- -> ok now | busy | warm
if warm() then return {'warm'} end
if not redis.call('SET', KEYS[19], ARGV[1], 'NX', 'PX', ARGV[2]) and redis.call('GET', KEYS[19]) ~= ARGV[1] then return {'busy'} end
redis.call('SET', KEYS[18], mark(), 'PX', 60000)
return {'ok', int(now)}
