-- Opts out as so many new visitors: every request has an id of its own, and the next User-Agent of a file.
-- Arguments: the file, 18 hex digits that no other run uses, then further headers as "Name: value".
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local PLACE = "00000000-0000-4000-8000-000000000000"
local before, after, last, prefix = {}, {}, 0, ""

function init(args)
  prefix = args[2]:gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x)(%x%x%x)$", "%1-%2-4%3-8%4-")
  for i = 3, #args do
    local name, value = args[i]:match("^(.-): (.*)$")
    wrk.headers[name] = value
  end
  local body = '{"sale_share":"opt_out","method":"banner","id":"' .. PLACE .. '"}'
  for agent in io.lines(args[1]) do
    wrk.headers["User-Agent"] = agent
    local whole = wrk.format("POST", nil, nil, body)
    local first, final = whole:find(PLACE, 1, true)
    before[#before + 1], after[#after + 1] = whole:sub(1, first - 1), whole:sub(final + 1)
  end
end

function request()
  last = last + 1
  local agent = last % #before + 1
  return before[agent] .. prefix .. string.format("%012x", last) .. after[agent]
end
