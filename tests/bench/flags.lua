-- Asks for flags as visitors who are drawn from a file of tokens, one a line, all of one length.
-- Arguments: the file, how many of its tokens to draw from, "random SEED" or "from NUMBER" (in order), then headers
-- as "Name: value". In the path and the headers TOKEN stands for the visitor's token, CHANGING for ten digits that
-- change with each request.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local tokens, width, count, last, random = "", 0, 0, 0, true
local parts, fills = {}, {}

local function token()
  if random then
    last = math.random(0, count - 1)
  else
    last = (last + 1) % count
  end
  return tokens:sub(last * width + 1, last * width + width - 1)
end

local function changing()
  return string.format("%010d", math.random(0, 2147483647))
end

-- Splits the request at its placeholders, so that each request is joined from few pieces.
local function split(whole)
  local at = 1
  while true do
    local token_at, changing_at = whole:find("TOKEN", at, true), whole:find("CHANGING", at, true)
    local first = math.min(token_at or math.huge, changing_at or math.huge)
    if first == math.huge then
      break
    end
    parts[#parts + 1] = whole:sub(at, first - 1)
    fills[#fills + 1] = first == token_at and token or changing
    at = first + (first == token_at and #"TOKEN" or #"CHANGING")
  end
  parts[#parts + 1] = whole:sub(at)
end

function init(args)
  local file = assert(io.open(args[1]))
  tokens = file:read("*a")
  file:close()
  width, count = tokens:find("\n", 1, true), tonumber(args[2])
  local order, number = args[3]:match("^(%a+) (%d+)$")
  random = order == "random"
  if random then
    math.randomseed(tonumber(number))
  else
    last = tonumber(number) - 1
  end
  for i = 4, #args do
    local name, value = args[i]:match("^(.-): (.*)$")
    wrk.headers[name] = value
  end
  split(wrk.format())
end

function request()
  if #fills == 0 then
    return parts[1]
  elseif #fills == 1 then
    return parts[1] .. fills[1]() .. parts[2]
  end
  return parts[1] .. fills[1]() .. parts[2] .. fills[2]() .. parts[3]
end
