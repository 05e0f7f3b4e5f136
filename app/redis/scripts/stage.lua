-- Puts leases aside for load. KEYS 8 to 10: the leases, holders and devices aside.
-- ARGV: ttl, then for each lease "lease expiry device user kind"; a floating one is
-- kept for a full lease time, and for what it was promised if that was longer -> ok
leases, holders, devices = unpack(KEYS, 8, 10)
for i = 2, #ARGV do
  local lease, expiry, device, user, kind = string.match(ARGV[i], '^(%S+) (%d+) (%x+) (%x+) (%a)$')
  expiry = tonumber(expiry)
  if kind ~= 'b' then expiry = math.max(expiry, now + ARGV[1]) end
  hold(lease, expiry, device, user, kind)
end
-- A load that stops half-way leaves nothing behind.
for i = 8, 10 do redis.call('PEXPIRE', KEYS[i], 120000) end
return {'ok'}
