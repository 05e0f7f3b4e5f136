-- Shared beginning of every script. The keys are those of one licence:
-- 1 state (hash)    the licence's numbers, and the server run and the history they were loaded in
-- 2 leases (zset)   lease -> when its seat is free, microseconds: for a floating one that is the
--                   grace after the time that its holder was told
-- 3 holders (hash)  lease -> device:user:kind; kind is f(loating), b(orrowed), or
--                   p(ending) until the ledger has the lease
-- 4 devices (hash)  device -> lease
-- 5 endings (zset)  "lease reason" -> when the seat was freed, microseconds
-- 6 claims (hash)   pending lease -> the request that may cancel it: the latest; lease that is to be
--                   shortened -> the end that its seat had then, microseconds; borrowed lease whose seat
--                   a load keeps for longer, as its holder may be back -> the end of the borrow, microseconds
-- 7 origins (hash)  ending -> who ended it, if it was not the service itself
-- and two that all licences share:
-- 8 due (zset)      licence -> when housekeeping looks at it, microseconds: not later than
--                   its first expiry, and soon while endings wait for the ledger
-- 11 named (zset)   the licences that may have origins, all with the score 0
-- and of a licence whose state says `indexed`, which every one with limits is:
-- 9 index (zset)    "u<user>:<lease>" for each lease, and "g<group>:<lease>" for each on a
--                   reserved seat, all with the score 0; groups are written in hexadecimal
-- 10 groups (hash)  lease -> the group whose reserved seat it has
local state, leases, holders, devices, endings, claims, origins, due, index, groups, named = unpack(KEYS, 1, 11)

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- int writes microseconds without an exponent.
local function int(n) return string.format('%.0f', n) end

-- server returns this server process's own id, and that of the history of its data ('' when it
-- does not tell).
local function server()
  local said = redis.call('INFO', 'server', 'replication')
  return string.match(said, 'run_id:(%x+)'), string.match(said, 'master_replid:(%x+)') or ''
end

-- mark is what a rebuild begins in: this process and history, and how often the licence was loaded
-- there. While it is the same the licence has been cold, and nothing was granted or given back.
local function mark()
  local run, history = server()
  return run .. ' ' .. history .. ' ' .. (redis.call('HGET', state, 'loads') or '0')
end

-- warm says whether the state was loaded in this process and this history. State that another
-- process left behind (a snapshot restored after a restart, a replica promoted before it had
-- everything) may miss the latest grants, so it counts as lost. So does state of a process that was a
-- replica meanwhile: whatever it was told by then, it begins another history when it is promoted
-- (redis.io/docs/latest/operate/oss_and_stack/management/replication, "Replication ID explained").
local function warm()
  local loaded, run, history = redis.call('HMGET', state, 'run', 'history'), server()
  return loaded[1] == run and loaded[2] == history
end

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

-- assign gives the lease a reserved seat of the group, or ('') one of the rest.
local function assign(lease, group)
  local before = redis.call('HGET', groups, lease) or ''
  if before == group then return end
  if before ~= '' then redis.call('ZREM', index, 'g' .. before .. ':' .. lease) end
  if group == '' then
    redis.call('HDEL', groups, lease)
  else
    redis.call('HSET', groups, lease, group)
    redis.call('ZADD', index, 0, 'g' .. group .. ':' .. lease)
  end
end

-- count is how many leases the index has of a user (u) or on reserved seats of a group (g).
local function count(letter, name)
  return redis.call('ZLEXCOUNT', index, '[' .. letter .. name .. ':', '(' .. letter .. name .. ';')
end

-- drop takes the seat away.
local function drop(lease)
  local device, user = holder(lease)
  assign(lease, '')
  if user then redis.call('ZREM', index, 'u' .. user .. ':' .. lease) end
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
    redis.call('ZADD', named, 0, member())
  end
end

-- reclaim frees expired seats, `most` at once, and returns how many it freed.
local function reclaim()
  local expired = redis.call('ZRANGEBYSCORE', leases, '-inf', int(now), 'LIMIT', 0, most)
  for _, lease in ipairs(expired) do free(lease, 'expired', '') end
  if #expired > 0 then look(now + soon) end
  return #expired
end

-- hold gives the seat to the device until it is free at `expiry`.
local function hold(lease, expiry, device, user, kind)
  redis.call('ZADD', leases, int(expiry), lease)
  redis.call('HSET', holders, lease, device .. ':' .. user .. ':' .. kind)
  redis.call('HSET', devices, device, lease)
  if redis.call('HGET', state, 'indexed') == '1' then redis.call('ZADD', index, 0, 'u' .. user .. ':' .. lease) end
end

-- terms returns a licence's grace for silent leases, and the end of its own grace, after
-- which nothing lives.
local function terms()
  local s = redis.call('HMGET', state, 'grace', 'finish', 'till')
  local finish = tonumber(s[2] or s[3] or 0)
  return tonumber(s[1] or 0), finish > 0 and finish or math.huge
end

-- seated is when the seat of a lease is free whose holder is told `told`; told is the reverse, of a
-- borrowed one by its borrow.
local function seated(told, kind, grace, finish)
  if kind ~= 'f' then return told end
  return math.max(told, math.min(told + grace, finish))
end
local function told(lease, seat, kind, grace)
  if kind == 'b' then return tonumber(redis.call('HGET', claims, lease) or '') or seat end
  return kind == 'f' and seat - grace or seat
end

-- kept is what becomes of a lease that is held as `was` until `before` when it is asked for as
-- `kind` until `expiry`. A borrowed lease keeps its end, until something later is asked for;
-- then it is of that kind. A floating one that is borrowed ends with the borrow, be it sooner.
local function kept(was, before, kind, expiry)
  if was == 'b' and before >= expiry then return was, before end
  return kind, expiry
end

-- spare forgets that the ledger has to end a lease that has its seat again.
local function spare(lease) redis.call('ZREM', endings, lease .. ' expired', lease .. ' cancelled') end

-- final are the endings after which no lease lives again.
local final = {'released', 'forced', 'taken'}

-- ended says how the lease was given back or taken away, which is for good; nil when it was not.
local function ended(lease)
  for _, reason in ipairs(final) do
    if redis.call('ZSCORE', endings, lease .. ' ' .. reason) then return reason end
  end
end

-- waiting returns endings that wait for the ledger, each with its time, and who ended them.
local function waiting()
  local found, names, by = redis.call('ZRANGE', endings, 0, most - 1, 'WITHSCORES'), {}, {}
  for i = 1, #found, 2 do names[#names + 1] = found[i] end
  if #names > 0 then
    by = redis.call('HMGET', origins, unpack(names))
  else
    -- Whatever happened to an ending, nobody's name outlives it.
    redis.call('DEL', origins)
    redis.call('ZREM', named, member())
  end
  for i = 1, #names do
    -- The program of before writes down who ended a lease, and not that it is.
    if by[i] then redis.call('ZADD', named, 0, member()) end
    by[i] = by[i] or ''
  end
  return found, by
end

-- settle forgets endings that the ledger has: pairs of ending and time in ARGV. One that
-- was renewed since then stays. A lease that is over for good may have its seat again, by a load
-- that read the ledger before.
local function settle(first)
  local forgotten = 0
  for i = first, #ARGV, 2 do
    for _, reason in ipairs(final) do
      local lease = string.match(ARGV[i], '^(%S+) ' .. reason .. '$')
      if lease and redis.call('ZSCORE', leases, lease) then drop(lease) end
    end
    local at = redis.call('ZSCORE', endings, ARGV[i])
    if not at or tonumber(at) <= tonumber(ARGV[i + 1]) then
      redis.call('ZREM', endings, ARGV[i])
      forgotten = forgotten + redis.call('HDEL', origins, ARGV[i])
    end
  end
  if forgotten > 0 and redis.call('EXISTS', origins) == 0 then redis.call('ZREM', named, member()) end
end

-- configure sets the licence's numbers, pairs of name and value in ARGV from `first` to `last`
-- that end with the revision, unless they are older than those that are there: who read them
-- last need not write them last. `overruled` names a revision that gives way all the same. It
-- returns the revision that is in place then. A licence that has limits now and no index, as
-- it was never counted or the program of before loaded it, is cold: a load makes the index.
-- When the lease time or its grace changes, it notes when (`paced`): how long a lease was silent
-- before that, its seat does not tell any more.
local function configure(first, last, overruled)
  local names = {'indexed', 'limited', 'ttl', 'grace'}
  for i = first, last, 2 do names[#names + 1] = ARGV[i] end
  local s, revision, same = redis.call('HMGET', state, unpack(names)), ARGV[last], true
  local indexed, ttl, grace, before = s[1] == '1', s[3], s[4], s[#s] or '0'
  if tonumber(before) > tonumber(revision) and before ~= overruled then return before end
  for i = 5, #s do same = same and s[i] == ARGV[first + 2 * (i - 5) + 1] end
  -- Nearly always the numbers are there, and nothing has to be written.
  if same and (indexed or s[2] ~= '1') then return revision end
  redis.call('HSET', state, unpack(ARGV, first, last))
  s = redis.call('HMGET', state, 'limited', 'ttl', 'grace')
  if s[1] == '1' and not indexed then redis.call('HDEL', state, 'run') end
  if ttl and (ttl ~= s[2] or grace ~= s[3]) then redis.call('HSET', state, 'paced', int(now)) end
  return revision
end
