-- Takes a seat, or finds the device's. Until it is confirmed, a new one is pending and is
-- kept for a short time only, and one that was held before stays what it is until then.
-- ARGV: lease, claim, device, user, kind, length, revive, pending time, then the numbers
-- -> new|held lease kind granted expiry endings origins | cold | backlog | full seats inUse
--    next | taken | ended | holder | status STATUS
local lease, claim, device, user, kind, length, revive, short = unpack(ARGV, 1, 8)
if redis.call('HGET', state, 'run') ~= run() then return {'cold'} end
configure(unpack(ARGV, 9, 15))
local s = redis.call('HMGET', state, 'status', 'seats', 'limit', 'ttl', 'till')
if s[1] ~= 'active' then return {'status', s[1]} end
-- A lease ends with its licence at the latest.
local last = tonumber(s[5])
if last == 0 then last = math.huge end
if now >= last then return {'status', 'expired'} end
reclaim()
if redis.call('ZCARD', endings) > most or redis.call('ZCARD', leases) > live() then return {'backlog'} end

local expiry, answer = math.min(now + length, last), 'new'
local pending = math.min(now + short, expiry)
local mine = redis.call('HGET', devices, device)
if mine then
  local _, owner, was = holder(mine)
  if owner ~= user then return {'holder'} end
  if revive == '1' and mine ~= lease then return {'taken'} end
  lease, answer = mine, 'held'
  local before = tonumber(redis.call('ZSCORE', leases, lease))
  if was == 'p' then
    redis.call('HSET', claims, lease, claim)
  else
    kind, expiry = kept(was, before, kind, expiry)
    expiry = math.min(expiry, last)
    -- A lease that was held before has its heartbeat.
    pending = math.min(now + s[4], expiry)
    -- As a heartbeat does, this ends a borrow whose holder is back.
    if kind == 'f' then hold(lease, before, device, user, kind) end
  end
  redis.call('ZADD', leases, int(math.max(before, pending)), lease)
else
  if ended(lease) then return {'ended'} end
  if live() >= tonumber(s[3]) then
    local first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
    return {'full', s[2], live(), first[2] or '0'}
  end
  hold(lease, pending, device, user, 'p')
  redis.call('HSET', claims, lease, claim)
  spare(lease)
  look(pending)
end
return {answer, lease, kind, int(now), int(expiry), waiting()}
