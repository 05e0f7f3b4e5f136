-- Goes on with a job, or ends a turn of it. KEYS as in claim.
-- ARGV: owner, job, when it is due, from now, then the place when a turn ends -> ok | lost
if redis.call('HGET', KEYS[4], ARGV[2]) ~= ARGV[1] then return {'lost'} end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], string.format('%.0f', time[1] * 1000000 + time[2] + ARGV[3]), ARGV[2])
if ARGV[4] then
  redis.call('HSET', KEYS[3], ARGV[2], ARGV[4])
  redis.call('HDEL', KEYS[4], ARGV[2])
end
return {'ok'}
