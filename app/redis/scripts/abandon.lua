-- Ends a rebuild that failed, so that another can begin. KEYS 9 to 14 as in stage.
-- ARGV: ticket -> ok
redis.call('UNLINK', unpack(KEYS, 9, 13))
if redis.call('GET', KEYS[14]) == ARGV[1] then redis.call('DEL', KEYS[14]) end
return {'ok'}
