-- Brings the numbers up to date. ARGV: pairs of name and value, and the revision to overrule (0
-- for none).
-- -> ok REVISION | cold
if not warm() then return {'cold'} end
return {'ok', configure(1, #ARGV - 1, ARGV[#ARGV])}
