-- Ends a rebuild that failed, so that another can begin. KEYS 12 to 19 as in stage.
-- ARGV: ticket -> ok
redis.call('UNLINK', unpack(KEYS, 12, 18))
if redis.call('GET', KEYS[19]) == ARGV[1] then redis.call('DEL', KEYS[19]) end
return {'ok'}
