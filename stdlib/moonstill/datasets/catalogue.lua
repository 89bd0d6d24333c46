-- Published data sets: where they lie, and what their files must be.
local catalogue = {}

--- @class moonstill.Dataset
--- @field about string
--- @field mirrors string[]  addresses that a file's name is put behind
--- @field files { name: string, bytes: integer, sha256: string }[]  as they are published
--- @field unpacked? { name: string, sha256: string }[]  what the files, archives then, hold; they go when it is there

local function idx_files(rows)
  local files = {}
  for i, name in ipairs { "train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1" } do
    files[i] = { name = name .. "-ubyte.gz", bytes = rows[i][1], sha256 = rows[i][2] }
  end
  return files
end

catalogue["mnist"] = {
  about = "70,000 handwritten digits, 28 x 28 (LeCun, Cortes and Burges)",
  mirrors = { "https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/" },
  files = idx_files {
    { 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609" },
    { 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c" },
    { 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6" },
    { 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6" },
  },
}

catalogue["fashion-mnist"] = {
  about = "70,000 pictures of clothes, 28 x 28 (Xiao, Rasul and Vollgraf, arXiv 1708.07747)",
  mirrors = {
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
  },
  files = idx_files {
    { 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84" },
    { 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845" },
    { 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073" },
    { 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5" },
  },
}

catalogue["cifar10"] = {
  about = "60,000 photographs in ten classes, 32 x 32 (Krizhevsky)",
  mirrors = { "https://www.cs.toronto.edu/~kriz/" },
  files = {
    {
      name = "cifar-10-binary.tar.gz", bytes = 170052171,
      sha256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    },
  },
  unpacked = {
    { name = "data_batch_1.bin", sha256 = "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5" },
    { name = "data_batch_2.bin", sha256 = "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed" },
    { name = "data_batch_3.bin", sha256 = "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67" },
    { name = "data_batch_4.bin", sha256 = "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48" },
    { name = "data_batch_5.bin", sha256 = "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add" },
    { name = "test_batch.bin", sha256 = "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b" },
  },
}
for _, file in ipairs(catalogue["cifar10"].unpacked) do
  file.name, file.bytes = "cifar-10-batches-bin/" .. file.name, 30730000
end

return catalogue
