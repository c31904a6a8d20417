# The tests that failed in the logs of .ci/run, each with what it said, without stack traces.
FNR == 1 || /^successes:$|^failures:$|^test result:/ { inside = 0; told = 0 }
/^failures:$/ { inside = 1; next }
inside && /^---- .* ----$/ { print "FAILED: " $2; told = 25; next }
/^ +[0-9]+: |^ +at |^stack backtrace|^note: |^$/ { next }
inside && told-- > 0 { print "  " $0 }
