#!lua
-- One commit to one shard: all of it, or nothing and the reason. Everything that could fail is found before the
-- first write, because Redis keeps what a failing script has written.
--
-- KEYS[1] the shard's head, KEYS[2] its stream of changes; steps name the others by number.
-- ARGV[1] the time, Unix seconds. ARGV[2] where the counter of a new shard begins, '' = the shard must be there.
-- ARGV[3] which documents are written, for the stream of changes; '' = none.
-- ARGV[4...] steps: expect KEY VERSION | put KEY EXPIRY TTL VALUE | delete KEY | add KEY SCORE MEMBER |
--   remove KEY MEMBER | append KEY NUMBER PAYLOAD | trim KEY THROUGH FIELD
-- Answers with the counter's value, or {'moved', mark}, or {'new'}, or {'conflict', version found, version expected}.
local LENGTH = {expect = 3, put = 5, delete = 2, add = 4, remove = 3, append = 4, trim = 4}
local KEPT = 128
local head, changes, now, start, written = KEYS[1], KEYS[2], tonumber(ARGV[1]), ARGV[2], ARGV[3]

local function each_step(visit)
  local at = 4
  while at <= #ARGV do
    local step = ARGV[at]
    visit(step, KEYS[tonumber(ARGV[at + 1])], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
    at = at + LENGTH[step]
  end
end

local function version_of(key)  -- 0 = absent or expired
  local lead = redis.call('GETRANGE', key, 0, 15)
  if lead == '' then return 0 end
  local first = string.byte(lead)
  local size = first % 8
  if first >= 8 and struct.unpack('>i8', lead, 2 + size) <= now then return 0 end
  return (struct.unpack('>I' .. size, lead, 2))
end

local function last_of(log)  -- the counter value of the newest entry that the stream ever had
  local info = redis.pcall('XINFO', 'STREAM', log)
  if info.err then
    if string.find(info.err, 'no such key') then return 0 end
    return nil, info
  end
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then return tonumber(string.match(info[at + 1], '^%d+')) end
  end
end

local known = redis.call('HMGET', head, 'n', 'c', 'm')
if known[3] then return {'moved', known[3]} end
if not known[1] and start == '' then return {'new'} end
local sequence = (tonumber(known[1]) or tonumber(start)) + 1
local change = (tonumber(known[2]) or 0) + 1

local refusal = nil
local checks = {
  expect = function(key, expected)
    local version = version_of(key)
    if version ~= tonumber(expected) then refusal = {'conflict', version, tonumber(expected)} end
  end,
  append = function(key)
    local last, fault = last_of(key)
    if fault then refusal = fault
    elseif last >= sequence then refusal = redis.error_reply('WRONGORDER a log is ahead of its shard') end
  end,
  trim = function(key) redis.call('XLEN', key) end,
  add = function(key) redis.call('ZCARD', key) end,
  remove = function(key) redis.call('ZCARD', key) end,
}
each_step(function(step, key, value)
  if not refusal and checks[step] then checks[step](key, value) end
end)
if refusal then return refusal end
local newest = redis.call('XREVRANGE', changes, '+', '-', 'COUNT', 1)[1]
if newest and tonumber(string.match(newest[1], '^%d+')) >= change then
  return redis.error_reply('WRONGORDER the changes are ahead of their shard')
end

local size = 1
while sequence >= 256 ^ size do size = size + 1 end
local version = struct.pack('>I' .. size, sequence)
local immortal, mortal = string.char(size) .. version, string.char(size + 8) .. version
local count = string.format('%.0f', sequence)

local writes = {
  put = function(key, expiry, ttl, value)
    if expiry == '' then redis.call('SET', key, immortal .. value)
    else redis.call('SET', key, mortal .. expiry .. value, 'PX', ttl) end
  end,
  delete = function(key) redis.call('DEL', key) end,
  add = function(key, score, member) redis.call('ZADD', key, score, member) end,
  remove = function(key, member) redis.call('ZREM', key, member) end,
  append = function(key, number, payload) redis.call('XADD', key, count .. '-' .. number, 'e', payload) end,
  trim = function(key, through, field)
    local highest = string.format('%.0f', math.min(tonumber(through), sequence))
    local last = redis.call('XREVRANGE', key, highest, '-', 'COUNT', 1)[1]
    if last then
      redis.call('HSET', head, field, last[1])
      redis.call('XTRIM', key, 'MINID', string.format('%.0f', tonumber(highest) + 1))
    end
  end,
}
redis.call('HSET', head, 'n', count)
if written ~= '' then
  redis.call('HSET', head, 'c', string.format('%.0f', change))
  redis.call('XADD', changes, 'MAXLEN', '~', KEPT, string.format('%.0f-0', change), 'k', written)
end
each_step(function(step, key, ...)
  if writes[step] then writes[step](key, ...) end
end)
return sequence
