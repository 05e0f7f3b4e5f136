-- Puts leases aside for load. KEYS 12 to 17: the leases, holders and devices aside, when each
-- device was granted its lease, the index and the groups aside, 18 and 19 as in begin, 20: the claims aside.
-- ARGV: ticket, how long it may do nothing, milliseconds, ttl, grace, whether to make an index
-- (1), then for each lease "lease expiry granted device user kind group end" with - for no group. The end is
-- the one that the ledger has.
-- Each is kept for a full lease time, since heartbeats may have kept it that long, and until the
-- expiry that is given if that is later: what its holder was promised, also by a longer lease time of before. A borrowed one is still one until its end, and its holder
-- is told no later one for that. One that was given
-- back or taken away is over, though the ledger does not know it yet; other endings of those that have
-- their seats again are forgotten -> ok | cold
if redis.call('GET', KEYS[18]) ~= mark() then return {'cold'} end
if redis.call('GET', KEYS[19]) == ARGV[1] then redis.call('PEXPIRE', KEYS[19], ARGV[2]) end
local ttl, grace, scores, held, each = ARGV[3], ARGV[4], {}, {}, {}
local entries, reserved, ends = {}, {}, {}

-- over are those of the leases that ended for good.
local over = {}
if redis.call('ZCARD', endings) > 0 then
  local read, names, spared = {}, {}, {}
  for i = 6, #ARGV do
    read[#read + 1] = string.match(ARGV[i], '^%S+')
    for _, reason in ipairs(final) do names[#names + 1] = read[#read] .. ' ' .. reason end
  end
  for i, at in ipairs(redis.call('ZMSCORE', endings, unpack(names))) do
    if at then over[read[math.ceil(i / #final)]] = true end
  end
  for _, lease in ipairs(read) do
    if not over[lease] then spared[#spared + 1], spared[#spared + 2] = lease .. ' expired', lease .. ' cancelled' end
  end
  if #spared > 0 then redis.call('ZREM', endings, unpack(spared)) end
end

for i = 6, #ARGV do
  local lease, expiry, granted, device, user, kind, group, till = string.match(ARGV[i], '^(%S+) (%d+) (%d+) (%x+) (%x+) (%a) ([%x-]+) (%d+)$')
  if not over[lease] then
    expiry = math.max(tonumber(expiry), now + ttl)
    if tonumber(till) <= now then kind = 'f' end
    if kind == 'b' and tonumber(till) < expiry then ends[#ends + 1], ends[#ends + 2] = lease, till end
    scores[#scores + 1], scores[#scores + 2] = int(kind == 'f' and expiry + grace or expiry), lease
    held[#held + 1], held[#held + 2] = lease, device .. ':' .. user .. ':' .. kind
    entries[#entries + 1], entries[#entries + 2] = 0, 'u' .. user .. ':' .. lease
    if group ~= '-' then
      entries[#entries + 1], entries[#entries + 2] = 0, 'g' .. group .. ':' .. lease
      reserved[#reserved + 1], reserved[#reserved + 2] = lease, group
    end
    each[#each + 1] = {device = device, lease = lease, granted = tonumber(granted)}
  end
end
if #each == 0 then return {'ok'} end
-- A device has the lease that it was granted last.
local names, owned, since = {}, {}, {}
for i, one in ipairs(each) do names[i] = one.device end
local known = redis.call('HMGET', KEYS[15], unpack(names))
for i, one in ipairs(each) do
  if one.granted >= (since[one.device] or tonumber(known[i] or '-1')) then owned[one.device], since[one.device] = one.lease, one.granted end
end
local mine, times = {}, {}
for device, lease in pairs(owned) do
  mine[#mine + 1], mine[#mine + 2] = device, lease
  times[#times + 1], times[#times + 2] = device, int(since[device])
end
redis.call('ZADD', KEYS[12], unpack(scores))
redis.call('HSET', KEYS[13], unpack(held))
if #mine > 0 then
  redis.call('HSET', KEYS[14], unpack(mine))
  redis.call('HSET', KEYS[15], unpack(times))
end
if #ends > 0 then redis.call('HSET', KEYS[20], unpack(ends)) end
if ARGV[5] == '1' then
  redis.call('ZADD', KEYS[16], unpack(entries))
  if #reserved > 0 then redis.call('HSET', KEYS[17], unpack(reserved)) end
end
-- A load that stops half-way leaves nothing behind.
for i = 12, 20 do
  if i < 18 or i > 19 then redis.call('PEXPIRE', KEYS[i], 120000) end
end
return {'ok'}
