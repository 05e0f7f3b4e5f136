-- Notes that a request is being worked on, unless its key has an answer or another request. In a full
-- server it notes nothing, and says so.
-- KEYS: 1 the answer, 2 the tenant's requests that are being worked on (zset: name -> end,
-- milliseconds). ARGV: content, milliseconds until it counts as given up -> nil | what is there
local before = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'GET', 'PX', ARGV[2])
if before then return before end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + ARGV[2], KEYS[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return false
