-- Makes a reserved seat what the ledger says now, and forgets endings that the ledger has.
-- ARGV: lease, kind, the time that its holder is told, the group whose reserved seat it has ('' for
-- none), then pairs of ending and time -> held | lost | cold
settle(5)
if not warm() then return {'cold'} end
local lease, kind = ARGV[1], ARGV[2]
local before = tonumber(redis.call('ZSCORE', leases, lease) or 0)
if before <= now then return {'lost'} end
local device, user, was = holder(lease)
local grace, finish = terms()
local expiry = tonumber(ARGV[3])
if was == 'f' and kind == 'f' then
  -- What was promised by longer terms is over, for its holder is told another time now. What a heartbeat
  -- has told meanwhile is not.
  if redis.call('HGET', claims, lease) ~= int(before) then
    expiry = math.max(expiry, math.min(told(lease, before, was, grace), now + redis.call('HGET', state, 'ttl'), finish))
  end
else
  kind, expiry = kept(was, told(lease, before, was, grace), kind, expiry)
end
expiry = seated(expiry, kind, grace, finish)
hold(lease, expiry, device, user, kind)
if redis.call('HGET', state, 'indexed') == '1' then assign(lease, ARGV[4]) end
if expiry < before then look(expiry) end
redis.call('HDEL', claims, lease)
return {'held'}
