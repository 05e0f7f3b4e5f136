-- Heartbeats for one licence, many at once. They are nearly all that the server is asked
-- for, so this stands alone, without the shared beginning, asks few questions however
-- many leases there are, and leaves one to its caller: whether the state was loaded in
-- this server process and history. The caller learns their ids in the same round trip, for
-- the heartbeats of all licences. What this changes in state of another one is
-- replaced by the load that follows.
-- KEYS: 1 state, 2 leases, 3 holders, 4 claims, as in the shared beginning.
-- ARGV: leases, then as many "user:f"
-- -> "run history" interval extended status grace, then for each lease: ok | revived (both until
--    `extended`) | EXPIRY (still borrowed, until then) | absent | expired | holder | status |
--    over ('' for run: there is no state; 1 for grace: the licence's own time is over, and held
--    seats are renewed for some time more)
local state, leases, holders, n = KEYS[1], KEYS[2], KEYS[3], #ARGV / 2
local s = redis.call('HMGET', state, 'run', 'status', 'ttl', 'interval', 'till', 'limit', 'finish', 'grace', 'limited', 'history')
-- Half a state is none; one of another process may be of any shape.
for i = 1, 6 do
  if not s[i] then return {''} end
end
local status, till, limit, limited = s[2], tonumber(s[5]), tonumber(s[6]), s[9] == '1'
-- The program of before writes neither: then nothing has grace.
local finish, grace = tonumber(s[7] or s[5]), tonumber(s[8] or 0)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function int(n) return string.format('%.0f', n) end
-- A lease ends with its licence at the latest, and its seat is free some time later.
local last = now + s[3]
local free = last + grace
if finish > 0 then last, free = math.min(last, finish), math.min(free, finish) end
local instant, extended, seated = int(now), int(last), int(free)
if status == 'active' and finish > 0 and now >= finish then status = 'expired' end
local closing = till > 0 and now >= till

-- Most of the time no lease has expired that was not reclaimed, and then no expiry has
-- to be looked at.
local over, expiries = redis.call('ZCOUNT', leases, '-inf', instant), nil
local function expiry(i)
  expiries = expiries or redis.call('ZMSCORE', leases, unpack(ARGV, 1, n))
  return tonumber(expiries[i])
end

local live, revived, floating = nil, {}, {}
-- revive says whether a seat is free for an expired lease. Limits inside the licence are for the
-- script that takes seats.
local function revive(lease)
  if revived[lease] then return 'ok' end
  if closing then return 'over' end
  if limited then return 'absent' end
  live = live or redis.call('ZCARD', leases) - over
  if live >= limit then return 'expired' end
  live, revived[lease] = live + 1, true
  return 'revived'
end

-- float makes a borrowed lease a floating one.
local function float(lease, holder)
  floating[#floating + 1], floating[#floating + 2] = lease, string.sub(holder, 1, -2) .. 'f'
end

-- judge returns what becomes of lease i, whose holder is "device:user:kind" with a device
-- of 32 digits.
local function judge(i, holder)
  if status == 'tenant_suspended' then return 'status' end
  -- A pending lease is not in the ledger yet.
  local kind = holder and string.sub(holder, -1)
  if not holder or kind == 'p' then return 'absent' end
  if string.sub(holder, 34, -2) ~= string.sub(ARGV[n + i], 1, -2) then return 'holder' end
  if status ~= 'active' then return 'status' end
  local borrowed = kind == 'b'
  if over == 0 and not borrowed then return 'ok' end
  local ends = expiry(i)
  local word = ends > now and 'ok' or revive(ARGV[i])
  if not borrowed or word ~= 'ok' and word ~= 'revived' then return word end
  -- A borrowed lease keeps its end, until a lease time from now is later: then its holder is
  -- back, and it lives by heartbeats.
  local told = tonumber(redis.call('HGET', KEYS[4], ARGV[i]) or '') or ends
  if told > last then return int(finish > 0 and math.min(told, finish) or told) end
  float(ARGV[i], holder)
  return word
end

local held = redis.call('HMGET', holders, unpack(ARGV, 1, n))
local answers, scores, m = {s[1] .. ' ' .. (s[10] or ''), s[4], extended, status, closing and '1' or ''}, {}, 0
local usual, sub = status == 'active' and over == 0, string.sub
for i = 1, n do
  local holder, word = held[i], 'ok'
  -- Nearly all are a floating lease's own user's while nothing has expired.
  if not (usual and holder and sub(holder, 34) == ARGV[n + i]) then word = judge(i, holder) end
  if word == 'ok' or word == 'revived' then
    scores[m + 1], scores[m + 2], m = seated, ARGV[i], m + 2
  end
  answers[5 + i] = word
end
if m > 0 then redis.call('ZADD', leases, unpack(scores)) end
if #floating > 0 then redis.call('HSET', holders, unpack(floating)) end
return answers
