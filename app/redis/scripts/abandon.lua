-- Ends a rebuild that failed, so that another can begin. KEYS 12 to 20 as in stage.
-- ARGV: ticket -> ok
redis.call('UNLINK', KEYS[20], unpack(KEYS, 12, 18))
if redis.call('GET', KEYS[19]) == ARGV[1] then redis.call('DEL', KEYS[19]) end
return {'ok'}
