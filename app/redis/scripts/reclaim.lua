-- Frees expired seats. -> ok endings origins | cold
if not warm() then return {'cold'} end
reclaim()
return {'ok', waiting()}
