-- Adds one line of JSON to what wrk prints; each script loads it.
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('{"requests": %d, "microseconds": %d, "status": %d, "broken": %d}',
    summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout))
end
