-- Shared beginning of every script. The keys are those of one licence:
-- 1 state (hash)    the licence's numbers, and the server run they were loaded in
-- 2 leases (zset)   lease -> expiry, microseconds
-- 3 holders (hash)  lease -> device:user:kind; kind is f(loating), b(orrowed), or
--                   p(ending) until the ledger has the lease
-- 4 devices (hash)  device -> lease
-- 5 endings (zset)  "lease reason" -> when the seat was freed, microseconds
-- 6 claims (hash)   pending lease -> the request that may cancel it: the latest
-- 7 origins (hash)  ending -> who ended it, if it was not the service itself
-- and one that all licences share:
-- 8 due (zset)      licence -> when housekeeping looks at it, microseconds: not later than
--                   its first expiry, and soon while endings wait for the ledger
local state, leases, holders, devices, endings, claims, origins, due = unpack(KEYS, 1, 8)

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

-- member is the licence in what all licences share.
local function member() return string.match(state, '{(.*)}') end

-- look has housekeeping look at the licence at a time, or before.
local function look(at) redis.call('ZADD', due, 'LT', int(at), member()) end

-- soon is when it looks after what a request has to tell the ledger, if the request does not.
local soon = 5000000

-- most is how many leases one script frees, and endings it returns, so that none keeps the
-- server from others for long.
local most = 200

-- drop takes the seat away.
local function drop(lease)
  local device = holder(lease)
  redis.call('ZREM', leases, lease)
  redis.call('HDEL', holders, lease)
  redis.call('HDEL', claims, lease)
  if device and redis.call('HGET', devices, device) == lease then redis.call('HDEL', devices, device) end
end

-- free takes the seat away and remembers that the ledger has to end the lease, and on
-- whose behalf ('' for the service's own), which no ledger is away for longer than.
local function free(lease, reason, origin)
  drop(lease)
  local ending = lease .. ' ' .. reason
  redis.call('ZADD', endings, int(now), ending)
  if origin ~= '' then
    redis.call('HSET', origins, ending, origin)
    redis.call('EXPIRE', origins, 30 * 86400)
  end
end

-- reclaim frees expired seats, `most` at once, and returns how many it freed.
local function reclaim()
  local expired = redis.call('ZRANGEBYSCORE', leases, '-inf', int(now), 'LIMIT', 0, most)
  for _, lease in ipairs(expired) do free(lease, 'expired', '') end
  if #expired > 0 then look(now + soon) end
  return #expired
end

-- hold gives the seat to the device until `expiry`.
local function hold(lease, expiry, device, user, kind)
  redis.call('ZADD', leases, int(expiry), lease)
  redis.call('HSET', holders, lease, device .. ':' .. user .. ':' .. kind)
  redis.call('HSET', devices, device, lease)
end

-- kept is what becomes of a lease that is held as `was` until `before` when it is asked for as
-- `kind` until `expiry`. A borrowed lease keeps its end, until something later is asked for;
-- then it is of that kind. A floating one that is borrowed ends with the borrow, be it sooner.
local function kept(was, before, kind, expiry)
  if was == 'b' and before >= expiry then return was, before end
  if was == 'f' and kind == 'f' then return kind, math.max(before, expiry) end
  return kind, expiry
end

-- spare forgets that the ledger has to end a lease that has its seat again.
local function spare(lease) redis.call('ZREM', endings, lease .. ' expired', lease .. ' cancelled') end

-- ended says whether the lease was given back or taken away, which is for good.
local function ended(lease)
  return redis.call('ZSCORE', endings, lease .. ' released') or redis.call('ZSCORE', endings, lease .. ' forced')
end

-- waiting returns endings that wait for the ledger, each with its time, and who ended them.
local function waiting()
  local found, names, by = redis.call('ZRANGE', endings, 0, most - 1, 'WITHSCORES'), {}, {}
  for i = 1, #found, 2 do names[#names + 1] = found[i] end
  -- Whatever happened to an ending, nobody's name outlives it.
  if #names > 0 then by = redis.call('HMGET', origins, unpack(names)) else redis.call('DEL', origins) end
  for i = 1, #names do by[i] = by[i] or '' end
  return found, by
end

-- settle forgets endings that the ledger has: pairs of ending and time in ARGV. One that
-- was renewed since then stays.
local function settle(first)
  for i = first, #ARGV, 2 do
    local at = redis.call('ZSCORE', endings, ARGV[i])
    if not at or tonumber(at) <= tonumber(ARGV[i + 1]) then
      redis.call('ZREM', endings, ARGV[i])
      redis.call('HDEL', origins, ARGV[i])
    end
  end
end

-- configure sets the licence's numbers, unless they are older than those that are there:
-- who read them last need not write them last. `overruled` names a revision that gives way
-- all the same. It returns the revision that is in place then.
local function configure(seats, limit, ttl, interval, status, till, revision, overruled)
  local before = redis.call('HGET', state, 'revision') or '0'
  if tonumber(before) > tonumber(revision) and before ~= overruled then return before end
  redis.call('HSET', state, 'seats', seats, 'limit', limit, 'ttl', ttl, 'interval', interval, 'status', status, 'till', till, 'revision', revision)
  return revision
end
