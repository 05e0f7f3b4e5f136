-- Starts a rebuild. What is read from the ledger after this is good for this server process,
-- while this mark is there: a loss of the state takes it along.
-- KEYS 8: the mark. -> ok now
redis.call('SET', KEYS[8], run(), 'PX', 60000)
return {'ok', int(now)}
