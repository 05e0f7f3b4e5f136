-- Shared beginning of every script. The keys are those of one licence:
-- 1 state (hash)    the licence's numbers, and the server run they were loaded in
-- 2 leases (zset)   lease -> expiry, microseconds
-- 3 holders (hash)  lease -> device:user:kind
-- 4 devices (hash)  device -> lease
-- 5 endings (zset)  "lease reason" -> when the seat was freed, microseconds
local state, leases, holders, devices, endings = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- int writes microseconds without an exponent.
local function int(n) return string.format('%.0f', n) end

-- run is this server process's own id. State that another process left behind (a
-- snapshot restored after a restart, a replica promoted before it had everything)
-- may miss the latest grants, so it counts as lost.
local function run() return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') end

local function live() return redis.call('ZCOUNT', leases, '(' .. int(now), '+inf') end

local function holder(lease)
  local value = redis.call('HGET', holders, lease)
  if not value then return nil end
  return string.match(value, '^(%x+):(%x+):(%a)$')
end

-- free takes the seat away and remembers that the ledger has to end the lease.
local function free(lease, reason)
  local device = holder(lease)
  redis.call('ZREM', leases, lease)
  redis.call('HDEL', holders, lease)
  if device and redis.call('HGET', devices, device) == lease then redis.call('HDEL', devices, device) end
  redis.call('ZADD', endings, int(now), lease .. ' ' .. reason)
end

-- reclaim frees up to `most` expired seats and returns how many it freed.
local function reclaim(most)
  local expired = redis.call('ZRANGEBYSCORE', leases, '-inf', int(now), 'LIMIT', 0, most)
  for _, lease in ipairs(expired) do free(lease, 'expired') end
  return #expired
end

-- hold gives the seat to the device until `expiry`.
local function hold(lease, expiry, device, user, kind)
  redis.call('ZADD', leases, int(expiry), lease)
  redis.call('HSET', holders, lease, device .. ':' .. user .. ':' .. kind)
  redis.call('HSET', devices, device, lease)
end

-- spare forgets that the ledger has to end a lease that has its seat again.
local function spare(lease) redis.call('ZREM', endings, lease .. ' expired', lease .. ' cancelled') end

local function configure(seats, limit, ttl, interval, status, till)
  redis.call('HSET', state, 'seats', seats, 'limit', limit, 'ttl', ttl, 'interval', interval, 'status', status, 'till', till)
end
