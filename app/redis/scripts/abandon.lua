-- Ends a rebuild that failed, so that another can begin. KEYS 11 to 18 as in stage.
-- ARGV: ticket -> ok
redis.call('UNLINK', unpack(KEYS, 11, 17))
if redis.call('GET', KEYS[18]) == ARGV[1] then redis.call('DEL', KEYS[18]) end
return {'ok'}
