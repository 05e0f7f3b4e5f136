# Turns the line-by-line output of the go command into progress: a count that is
# renewed in place on a terminal and once every ten seconds elsewhere. Lines that
# are not about a package (errors) are passed on as they are.
function now(  t) { srand(); return srand() }
function show() {
	line = total ? sprintf("    %d of at most %d %s", n, total, what) : sprintf("    %d %s", n, what)
	if (terminal) printf "\r%s", line; else print line
	fflush()
}
BEGIN { terminal = (system("test -t 1") == 0); last = now() }
/^(ok|\?)[ \t]/ || /^[a-z0-9.]+(\/[A-Za-z0-9._~-]+)*$/ || /^[ \t].*\[no test files\]|no tests to run/ {
	n++
	if (terminal || now() - last >= 10) { show(); last = now() }
	next
}
/^go: downloading/ { next }
{ print; fflush() }
END { if (n && (terminal || now() - last >= 2)) { show(); if (terminal) print "" } }
