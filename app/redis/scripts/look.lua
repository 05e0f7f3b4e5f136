-- Housekeeping looks at a licence: it frees expired seats, notes how full the licence is and
-- when to look again, and says which leases hold no seat.
-- KEYS 12: licence -> "in use, seats" (hash), 13: licence -> share in use (zset), 14: the sums
-- over all (hash).
-- ARGV: how long others leave it alone while it is not done, then leases
-- -> ok endings origins absent now revision | cold
local later = now + ARGV[1]
if not warm() then
  redis.call('ZADD', due, int(later), member())
  return {'cold'}
end
reclaim()
local found, by = waiting()
local absent, present = {}, {}
if #ARGV > 1 then
  local scores = redis.call('ZMSCORE', leases, unpack(ARGV, 2))
  for i = 1, #ARGV - 1 do
    local list = scores[i] and present or absent
    list[#list + 1] = ARGV[i + 1]
  end
end

-- whole says whether the index has the leases that are asked about, and no other than are held.
local function whole()
  if redis.call('ZLEXCOUNT', index, '[u', '(v') ~= redis.call('HLEN', holders) then return false end
  local names = {}
  for i, lease in ipairs(present) do
    local _, user = holder(lease)
    names[i] = 'u' .. (user or '') .. ':' .. lease
  end
  for _, entry in ipairs(redis.call('ZMSCORE', index, unpack(names))) do
    if not entry then return false end
  end
  return true
end
-- The program of before knows no index. What it changed is loaded anew.
if #present > 0 and redis.call('HGET', state, 'limited') == '1' and not whole() then
  redis.call('HDEL', state, 'run')
  redis.call('ZADD', due, int(later), member())
  return {'cold'}
end

local first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')[2]
if #found > 0 or (first and tonumber(first) <= now) then
  redis.call('ZADD', due, int(later), member())
elseif first then
  redis.call('ZADD', due, int(math.max(tonumber(first), now + 1000000)), member())
else
  redis.call('ZREM', due, member())
end

local function sum(name, before, after) if before ~= after then redis.call('HINCRBY', KEYS[14], name, after - before) end end
local terms = redis.call('HMGET', state, 'seats', 'revision')
local used, seats = live(), tonumber(terms[1])
local said = used .. ' ' .. seats
local before = redis.call('HGET', KEYS[12], member())
if before ~= said and (before or used > 0) then
  local u, s = string.match(before or '', '^(%d+) (%d+)$')
  sum('licenses', before and 1 or 0, used > 0 and 1 or 0)
  sum('inUse', tonumber(u or 0), used)
  sum('seats', tonumber(s or 0), used > 0 and seats or 0)
  if used > 0 then
    redis.call('HSET', KEYS[12], member(), said)
    redis.call('ZADD', KEYS[13], used / seats, member())
  else
    redis.call('HDEL', KEYS[12], member())
    redis.call('ZREM', KEYS[13], member())
  end
end
return {'ok', found, by, absent, int(now), terms[2]}
