-- Posts the decisions of so many new subjects to c15t. Arguments: 18 hex digits that no other run uses, the time in
-- seconds, then headers as "Name: value".
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local PLACE = "SUBJECTSUBJECTSUBJECTSUBJECTSU"
local before, after, last, prefix = "", "", 0, ""

function init(args)
  prefix = args[1]:gsub("0", "g") -- its ids have no zero
  for i = 3, #args do
    local name, value = args[i]:match("^(.-): (.*)$")
    wrk.headers[name] = value
  end
  local body = '{"type":"cookie_banner","subjectId":"sub_' .. PLACE .. '","domain":"shop.test",'
    .. '"preferences":{"necessary":true,"marketing":false},"givenAt":' .. args[2] .. "000}"
  local whole = wrk.format("POST", nil, nil, body)
  local first, final = whole:find(PLACE, 1, true)
  before, after = whole:sub(1, first - 1), whole:sub(final + 1)
end

function request()
  last = last + 1
  return before .. prefix .. string.format("%012x", last):gsub("0", "g") .. after
end
