-- Takes on housekeeping that is due. It is nobody else's for the time `hold`; what is not
-- done by then is due again.
-- KEYS: 1 due, 2 jobs (zset), job -> when it is due, 3 places (hash), job -> place that it has
-- reached, 4 owners (hash), job -> who does it.
-- ARGV: owner, most, hold, then for each job its name and how far ahead it can be due
-- -> ok licences jobs places
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function int(n) return string.format('%.0f', n) end
local till = int(now + ARGV[3])
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', int(now), 'LIMIT', 0, ARGV[2])
for _, licence in ipairs(found) do redis.call('ZADD', KEYS[1], till, licence) end
local jobs, places = {}, {}
for i = 4, #ARGV, 2 do
  local job, at = ARGV[i], tonumber(redis.call('ZSCORE', KEYS[2], ARGV[i]) or 0)
  -- Further ahead than it can be is the past of a clock that was set back.
  if at <= now or at > now + ARGV[i + 1] then
    redis.call('ZADD', KEYS[2], till, job)
    redis.call('HSET', KEYS[4], job, ARGV[1])
    jobs[#jobs + 1], places[#places + 1] = job, redis.call('HGET', KEYS[3], job) or ''
  end
end
return {'ok', found, jobs, places}
