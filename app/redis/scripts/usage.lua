-- Counts live seats, and for each group those on its reserved seats.
-- -> ok inUse next now groups counts | cold
if not warm() then return {'cold'} end
local first = redis.call('ZRANGEBYSCORE', leases, '(' .. int(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local names, counts = {}, {}
for group in string.gmatch(redis.call('HGET', state, 'reserved') or '', '(%x+):%d+') do
  names[#names + 1], counts[#counts + 1] = group, int(count('g', group))
end
return {'ok', live(), first[2] or '0', int(now), names, counts}
