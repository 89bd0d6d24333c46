std = "lua54"
max_line_length = 120

-- Loading is the one place that replaces globals of Lua.
files["stdlib/moonstill/loader.lua"] = { globals = { "load", "loadfile", "dofile" } }
exclude_files = { "build*/" }
-- Exact messages stand on one line.
files["tests/lua"] = { max_line_length = 140 }
