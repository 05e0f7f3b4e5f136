#!lua flags=allow-oom
-- Keeps an answer, or forgets that its request is being worked on. Seats come first: an answer
-- is not kept in a server that is fuller than `share`, and a tenant's oldest make room for its
-- newest.
-- KEYS: 1 the answer, 2 the tenant's answers (zset: name -> when it was given, microseconds), 3 its requests that are
-- being worked on, as in start
-- A request whose key was forgotten meanwhile, by an erasure, leaves nothing behind.
-- ARGV: content ('' for none), milliseconds to keep it, the most of a tenant, share, request
-- -> kept | dropped | full | gone
local begun = redis.call('GET', KEYS[1])
if not begun or cjson.decode(begun).request ~= ARGV[5] then return {'gone'} end
redis.call('UNLINK', KEYS[1])
redis.call('ZREM', KEYS[3], KEYS[1])
if ARGV[1] == '' then return {'dropped'} end
local memory = redis.call('INFO', 'memory')
local used, most = tonumber(string.match(memory, 'used_memory:(%d+)')), tonumber(string.match(memory, 'maxmemory:(%d+)'))
if most > 0 and used + #ARGV[1] > most * tonumber(ARGV[4]) then return {'full'} end
local time = redis.call('TIME')
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
-- By its age, and not by its end: one that is kept for an hour would make room for those of hours ago that are
-- kept for a day.
redis.call('ZADD', KEYS[2], string.format('%.0f', time[1] * 1000000 + time[2]), KEYS[1])
local over = redis.call('ZCARD', KEYS[2]) - ARGV[3]
if over > 0 then
  local popped = redis.call('ZPOPMIN', KEYS[2], over)
  for i = 1, #popped, 2 do redis.call('UNLINK', popped[i]) end
end
-- It goes with the last answer in it.
redis.call('PEXPIRE', KEYS[2], ARGV[2], 'NX')
redis.call('PEXPIRE', KEYS[2], ARGV[2], 'GT')
return {'kept'}
