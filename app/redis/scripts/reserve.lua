-- Takes or extends a seat. ARGV: lease, device, user, kind, length, revive,
-- seats, limit, ttl, interval, status, till
-- -> new|held lease kind granted expiry endings | cold | backlog | full inUse next | taken
local lease, device, user, kind, length, revive = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
if redis.call('HGET', state, 'run') ~= run() then return {'cold'} end
configure(ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12])

local most = 500
reclaim(most)
if redis.call('ZCARD', endings) > most or redis.call('ZCARD', leases) > live() then return {'backlog'} end

local expiry, answer = now + length, 'new'
local mine = redis.call('HGET', devices, device)
if mine then
  if revive == '1' and mine ~= lease then return {'taken'} end
  lease, answer = mine, 'held'
  -- A borrowed lease stays one, and nobody's lease is made shorter.
  local _, _, before = holder(lease)
  if before == 'b' then kind = 'b' end
  expiry = math.max(expiry, tonumber(redis.call('ZSCORE', leases, lease)))
elseif live() >= tonumber(ARGV[8]) then
  local first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
  return {'full', live(), first[2] or '0'}
end
hold(lease, expiry, device, user, kind)
spare(lease)
local waiting = redis.call('ZRANGE', endings, 0, -1, 'WITHSCORES')
return {answer, lease, kind, int(now), int(expiry), waiting}
