std = "lua54"
max_line_length = 120
exclude_files = { "build*/" }
-- Exact messages stand on one line.
files["tests/lua"] = { max_line_length = 140 }
