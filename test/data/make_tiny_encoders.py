#!/usr/bin/env python3
"""Makes tiny BERT encoders, whole and broken, with reference vectors.

    make_tiny_encoders.py OUTDIR

Needs nothing but Python's standard library. Weights come from a generator
written out below, so the files are the same bytes everywhere.

    OUTDIR/tiny             2 layers, hidden 32, 4 heads of 8, intermediate 64, 64 positions
    OUTDIR/tiny36           3 layers, hidden 36, 3 heads of 12, intermediate 72, 40 positions
    OUTDIR/variants/NAME    tiny, told in other ways (see VARIANTS)
    OUTDIR/broken/NAME      tiny, damaged; the file "expect" has one line: words that
                            the error's message, detail or hint must contain

Each sound directory is a complete Hugging Face one and holds besides:

    expected.jsonl          text, ids (special tokens included, truncated), vector
    expected.tsv            text <TAB> vector as an array literal of PostgreSQL

Vectors come from a forward pass in double precision over the stored weights.
"""

import json
import math
import os
import struct
import sys
import unicodedata

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]  # ids 0 to 4, not BERT's usual ones
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
WORDS = """the a of and to in is it for on with film films star stars war love story night day city river king
queen man woman child dog cat bird horse house home street road sea island mountain garden forest summer winter
spring rain snow sun moon fire water earth air light dark red blue green black white new old young last first
long short big small good bad great lost dead time life world news sport music game travel food shop price sale
buy like view click share car train plane ship phone book paper school doctor police money bank house heart
hand eye head blood dream ghost robot space future past history secret paris london berlin cafe naive""".split()
ENDINGS = "s es ed er est ing ly ness less ful tion al ity y ish man woman day night side line way port land".split()
OTHER = list("αβγδλσως") + ["λογος", "##ς", "##ο", "##γ", "##σ"] + list("авеийклмнорст") + ["мир", "кино", "##и", "##а"] \
    + list("中国人电影日本語") + ["\u1112", "\u1161", "##\u1161", "##\u11ab", "##\u1100", "##\u116e", "##\u11a8"] \
    + ["é", "##é", "É"]


def vocabulary():
    pieces = list(SPECIALS)
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces += list(letters) + ["##" + c for c in letters] + list(letters.upper()) + ["##" + c for c in letters.upper()[:6]]
    pieces += list("0123456789") + ["##" + c for c in "0123456789"]
    pieces += list(PUNCTUATION) + WORDS + ["##" + e for e in ENDINGS] + OTHER + ["The", "Paris", "Star"]
    return list(dict.fromkeys(pieces))


# A small tokenizer: right for the texts below, whose characters are all older than Unicode 8.

def is_han(c):
    return 0x4E00 <= ord(c) <= 0x9FFF or 0x3400 <= ord(c) <= 0x4DBF or 0xF900 <= ord(c) <= 0xFAFF


def is_punctuation(c):
    return c in PUNCTUATION or unicodedata.category(c).startswith("P")


def clean(text):
    out = []
    for c in text:
        if c in "\t\n\r" or unicodedata.category(c) in ("Zs", "Zl", "Zp"):
            out.append(" ")
        elif c == "\0" or c == "\ufffd" or unicodedata.category(c) in ("Cc", "Cf", "Co"):
            pass
        else:
            out.append(" " + c + " " if is_han(c) else c)
    return "".join(out)


def words(text, lowercase):
    if lowercase:
        text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
        text = "".join(c.lower() for c in text)
    return "".join(" " + c + " " if is_punctuation(c) else c for c in text).split()


def pieces_of(word, index):
    ids, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in index:
                break
        else:
            return [index["[UNK]"]]
        ids.append(index[piece])
        start = end
    return ids if len(word) <= 100 else [index["[UNK]"]]


def split_specials(text):
    """Stretches of ordinary text and special tokens, in order."""
    while text:
        found = [(text.find(s), s) for s in SPECIALS if s in text]
        at, special = min(found) if found else (len(text), "")
        yield text[:at], None
        if special:
            yield None, special
        text = text[at + len(special):]


def tokenize(text, index, lowercase, max_length):
    ids = []
    for stretch, special in split_specials(text):
        if special:
            ids.append(index[special])
        else:
            for word in words(clean(stretch), lowercase):
                ids += pieces_of(word, index)
    return [index["[CLS]"]] + ids[:max_length - 2] + [index["[SEP]"]]


TEXTS = [
    "", " ", "a", "the", "!", "Star Wars", "star wars", "The Last Night", "the last night",
    "a long summer day in the old city", "A film about Paris, London and Berlin.", "lost in space (1998)",
    "café naïve CAFÉ", "unknownword", "blueish redness goodly", "x1y2z3 42 007 3.14", "e-mail@example.com: $100!",
    "日本語 の 電影", "中国人电影", "мир кино Мир", "ψυχή λογος", "ΛΟΓΟΣ σας", "한국", "[MASK] of the king[SEP]queen",
    "[cls] [CLS]", "zebra quagga", "so-called \"dream\" 'ghost'",
    "the dog and the cat and the bird and the horse and the child in the house on the street by the river",
    "news sport music game travel food shop price sale buy like view click share car train plane ship phone",
    " ".join(["winter"] * 61), " ".join(["winter"] * 62), " ".join(["spring rain"] * 40),
]


# Numbers: a 64-bit linear congruential generator (Knuth's MMIX constants).

class Generator:
    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & (2 ** 64 - 1)
        return (self.state >> 11) / 2.0 ** 53

    def normal(self):
        """Mean 0, deviation 1: the sum of four uniform numbers."""
        return (sum(self.uniform() for _ in range(4)) - 2.0) * math.sqrt(3.0)


def to_float(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def to_half(x):
    return struct.unpack("<e", struct.pack("<e", x))[0]


def to_bfloat(x):
    """To nearest, ties to even."""
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def pack_bfloat(values):
    return b"".join(struct.pack("<f", v)[2:] for v in values)


TYPES = {  # rounding, packing
    "F32": (to_float, lambda v: struct.pack("<%df" % len(v), *v)),
    "F16": (to_half, lambda v: struct.pack("<%de" % len(v), *v)),
    "BF16": (to_bfloat, pack_bfloat),
}


def tensor_shapes(shape):
    h, f = shape["hidden"], shape["intermediate"]
    yield "embeddings.word_embeddings.weight", [shape["vocabulary"], h]
    yield "embeddings.position_embeddings.weight", [shape["positions"], h]
    yield "embeddings.token_type_embeddings.weight", [2, h]
    yield "embeddings.LayerNorm.weight", [h]
    yield "embeddings.LayerNorm.bias", [h]
    for i in range(shape["layers"]):
        layer = "encoder.layer.%d." % i
        for name, rows, columns in (("attention.self.query", h, h), ("attention.self.key", h, h),
                                    ("attention.self.value", h, h), ("attention.output.dense", h, h),
                                    ("intermediate.dense", f, h), ("output.dense", h, f)):
            yield layer + name + ".weight", [rows, columns]
            yield layer + name + ".bias", [rows]
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            yield layer + name + ".weight", [h]
            yield layer + name + ".bias", [h]
    yield "pooler.dense.weight", [h, h]
    yield "pooler.dense.bias", [h]


def make_tensors(shape, seed):
    """Name -> (shape, values); no mask, scale or bias may hide behind small numbers."""
    generator = Generator(seed)
    tensors = {}
    for name, dims in tensor_shapes(shape):
        count = math.prod(dims)
        if name.endswith("LayerNorm.weight"):
            values = [1.0 + 0.2 * generator.normal() for _ in range(count)]
        else:
            spread = 0.3 if len(dims) == 2 else 0.1
            values = [spread * generator.normal() for _ in range(count)]
        tensors[name] = (dims, [to_float(v) for v in values])
    return tensors


# The forward pass in double precision.

def matrix(tensors, name):
    (rows, columns), values = tensors[name]
    return [values[i * columns:(i + 1) * columns] for i in range(rows)]


def product(x, y):
    return sum(map(lambda a, b: a * b, x, y))


def linear(tensors, name, rows):
    weight, bias = matrix(tensors, name + ".weight"), tensors[name + ".bias"][1]
    return [[product(w, x) + b for w, b in zip(weight, bias)] for x in rows]


def layer_norm(tensors, name, rows, epsilon):
    gain, bias = tensors[name + ".weight"][1], tensors[name + ".bias"][1]
    out = []
    for x in rows:
        mean = sum(x) / len(x)
        deviation = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + epsilon)
        out.append([(v - mean) / deviation * g + b for v, g, b in zip(x, gain, bias)])
    return out


def add(rows, others):
    return [[a + b for a, b in zip(x, y)] for x, y in zip(rows, others)]


ACTIVATIONS = {
    "gelu": lambda x: 0.5 * x * (1.0 + math.erf(x / math.sqrt(2.0))),
    "gelu_new": lambda x: 0.5 * x * (1.0 + math.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x ** 3))),
    "relu": lambda x: max(x, 0.0),
}


def softmax(x):
    top = max(x)
    e = [math.exp(v - top) for v in x]
    total = sum(e)
    return [v / total for v in e]


def attention(query, key, value, heads):
    size = len(query[0]) // heads
    out = [[] for _ in query]
    for start in range(0, size * heads, size):
        k = [row[start:start + size] for row in key]
        columns = list(zip(*(row[start:start + size] for row in value)))
        for i, row in enumerate(query):
            q = row[start:start + size]
            p = softmax([product(q, other) / math.sqrt(size) for other in k])
            out[i] += [product(p, column) for column in columns]
    return out


def hidden_states(tensors, model, ids):
    epsilon = model["layer_norm_eps"]
    word = matrix(tensors, "embeddings.word_embeddings.weight")
    position = matrix(tensors, "embeddings.position_embeddings.weight")
    kind = matrix(tensors, "embeddings.token_type_embeddings.weight")[0]
    x = [[a + b + c for a, b, c in zip(word[id], kind, position[i])] for i, id in enumerate(ids)]
    x = layer_norm(tensors, "embeddings.LayerNorm", x, epsilon)
    for i in range(model["num_hidden_layers"]):
        layer = "encoder.layer.%d." % i
        q, k, v = (linear(tensors, layer + "attention.self." + part, x) for part in ("query", "key", "value"))
        y = linear(tensors, layer + "attention.output.dense", attention(q, k, v, model["num_attention_heads"]))
        x = layer_norm(tensors, layer + "attention.output.LayerNorm", add(x, y), epsilon)
        activation = ACTIVATIONS[model["hidden_act"]]
        y = [[activation(v) for v in row] for row in linear(tensors, layer + "intermediate.dense", x)]
        x = layer_norm(tensors, layer + "output.LayerNorm", add(x, linear(tensors, layer + "output.dense", y)), epsilon)
    return x


def pool(rows, pooling, normalize):
    if pooling == "cls":
        vector = rows[0]
    elif pooling == "max":
        vector = [max(column) for column in zip(*rows)]
    else:
        vector = [sum(column) / len(rows) for column in zip(*rows)]
    if normalize:
        norm = max(math.sqrt(product(vector, vector)), 1e-12)
        vector = [v / norm for v in vector]
    return vector


# Directories.

class Encoder:
    """Everything of a directory, to be changed before it is written."""

    def __init__(self, shape, seed):
        self.pieces = vocabulary()
        shape = dict(shape, vocabulary=len(self.pieces))
        self.tensors = make_tensors(shape, seed)
        self.type = "F32"
        self.prefix = ""
        self.gamma = False
        self.order = list(self.tensors)
        self.pooling = "mean"
        self.normalize = True
        self.lowercase = True
        self.max_seq_length = shape["max_seq_length"]
        self.omit = []  # files not written
        self.config = {
            "architectures": ["BertModel"], "attention_probs_dropout_prob": 0.1, "gradient_checkpointing": False,
            "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": shape["hidden"],
            "initializer_range": 0.02, "intermediate_size": shape["intermediate"], "layer_norm_eps": 1e-12,
            "max_position_embeddings": shape["positions"], "model_type": "bert",
            "num_attention_heads": shape["heads"], "num_hidden_layers": shape["layers"], "pad_token_id": 0,
            "position_embedding_type": "absolute", "type_vocab_size": 2, "use_cache": True,
            "vocab_size": len(self.pieces),
        }

    def stored_name(self, name):
        if self.gamma:
            name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        return self.prefix + name

    def header_and_data(self):
        header, data = {"__metadata__": {"format": "pt"}}, b""
        positions = self.config["max_position_embeddings"]
        for name in self.order:
            dims, values = self.tensors[name]
            blob = TYPES[self.type][1](values)
            header[self.stored_name(name)] = {"dtype": self.type, "shape": dims,
                                              "data_offsets": [len(data), len(data) + len(blob)]}
            data += blob
        blob = struct.pack("<%dq" % positions, *range(positions))
        header[self.prefix + "embeddings.position_ids"] = {"dtype": "I64", "shape": [1, positions],
                                                           "data_offsets": [len(data), len(data) + len(blob)]}
        return header, data + blob

    def files(self):
        tokenizer = {"do_lower_case": self.lowercase, "unk_token": "[UNK]", "sep_token": "[SEP]",
                     "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]",
                     "tokenize_chinese_chars": True, "strip_accents": None, "tokenizer_class": "BertTokenizer",
                     "model_max_length": self.config["max_position_embeddings"]}
        index = {piece: i for i, piece in enumerate(self.pieces)}
        added = [{"id": index[s], "content": s, "single_word": False, "lstrip": False, "rstrip": False,
                  "normalized": False, "special": True} for s in SPECIALS if s in index]
        fast = {"version": "1.0", "truncation": {"max_length": 16, "strategy": "LongestFirst", "stride": 0},
                "padding": {"strategy": {"Fixed": 16}, "direction": "Right", "pad_id": 0, "pad_token": "[PAD]"},
                "added_tokens": added,
                "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                               "strip_accents": None, "lowercase": self.lowercase},
                "pre_tokenizer": {"type": "BertPreTokenizer"},
                "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                          "max_input_chars_per_word": 100, "vocab": index}}
        modules = [("", "Transformer"), ("1_Pooling", "Pooling")] + [("2_Normalize", "Normalize")] * self.normalize
        pooling = {"word_embedding_dimension": self.config["hidden_size"],
                   "pooling_mode_cls_token": self.pooling == "cls",
                   "pooling_mode_mean_tokens": self.pooling == "mean",
                   "pooling_mode_max_tokens": self.pooling == "max", "pooling_mode_mean_sqrt_len_tokens": False}
        header, data = self.header_and_data()
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        files = {
            "config.json": self.config, "tokenizer_config.json": tokenizer, "tokenizer.json": fast,
            "special_tokens_map.json": {s[1:4].lower() + "_token": s for s in SPECIALS},
            "modules.json": [{"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
                             for i, (path, kind) in enumerate(modules)],
            "sentence_bert_config.json": {"max_seq_length": self.max_seq_length, "do_lower_case": False},
            "1_Pooling/config.json": pooling,
        }
        files = {name: json.dumps(value, ensure_ascii=False, indent=1).encode() for name, value in files.items()}
        files["vocab.txt"] = "".join(piece + "\n" for piece in self.pieces).encode()
        files["model.safetensors"] = struct.pack("<Q", len(text)) + text + data
        return {name: content for name, content in files.items() if name not in self.omit}

    def round_weights(self):
        rounding = TYPES[self.type][0]
        self.tensors = {name: (dims, [rounding(v) for v in values]) for name, (dims, values) in self.tensors.items()}


def write_files(directory, files):
    for name, content in files.items():
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)


def write_sound(directory, encoder, states):
    """states keeps hidden states that another directory has computed already."""
    files = encoder.files()
    index = {piece: i for i, piece in enumerate(encoder.pieces)}
    rows, table = [], []
    for text in TEXTS:
        ids = tokenize(text, index, encoder.lowercase, encoder.max_seq_length)
        key = (encoder.type, encoder.config["hidden_size"], encoder.config["hidden_act"],
               encoder.config["layer_norm_eps"], tuple(ids))
        if key not in states:
            states[key] = hidden_states(encoder.tensors, encoder.config, ids)
        vector = ["%.9g" % v for v in pool(states[key], encoder.pooling, encoder.normalize)]
        rows.append('{"text": %s, "ids": %s, "vector": [%s]}\n'
                    % (json.dumps(text, ensure_ascii=False), ids, ", ".join(vector)))
        table.append("%s\t{%s}\n" % (text, ",".join(vector)))
    files["expected.jsonl"] = "".join(rows).encode()
    files["expected.tsv"] = "".join(table).encode()
    write_files(directory, files)


TINY = {"layers": 2, "hidden": 32, "heads": 4, "intermediate": 64, "positions": 64, "max_seq_length": 64}
TINY36 = {"layers": 3, "hidden": 36, "heads": 3, "intermediate": 72, "positions": 40, "max_seq_length": 33}


def prefixed(e):
    e.prefix, e.gamma = "bert.", True


def reordered(e):
    e.order.sort(key=lambda name: name[::-1])


def half(e):
    e.type = "F16"
    e.round_weights()


def bfloat(e):
    e.type = "BF16"
    e.round_weights()


VARIANTS = {
    "prefixed": prefixed,
    "reordered": reordered,
    "float16": half,
    "bfloat16": bfloat,
    "cls": lambda e: setattr(e, "pooling", "cls"),
    "max": lambda e: setattr(e, "pooling", "max"),
    "unnormalized": lambda e: setattr(e, "normalize", False),
    "cased": lambda e: setattr(e, "lowercase", False),
    "gelu_new": lambda e: e.config.update(hidden_act="gelu_new"),
    "relu": lambda e: e.config.update(hidden_act="relu"),
    "epsilon": lambda e: e.config.update(layer_norm_eps=1e-5),
    "vocab_txt_only": lambda e: e.omit.append("tokenizer.json"),
    "tokenizer_json_only": lambda e: e.omit.append("vocab.txt"),
}

# Broken directories: a change of the encoder before it is written, or of its files after.

QUERY = "encoder.layer.1.attention.self.query.weight"


def with_header(files, change):
    """The weights with their header changed, data as it was."""
    content = files["model.safetensors"]
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + length])
    change(header)
    text = json.dumps(header).encode()
    files["model.safetensors"] = struct.pack("<Q", len(text)) + text + content[8 + length:]


def with_weights(files, change):
    files["model.safetensors"] = change(files["model.safetensors"])


def claim_much(files):
    """Configuration and header agree on 38 GB that are not in the file."""
    def change(header):
        for name in list(header):
            if name.startswith("encoder.layer.1."):
                del header[name]
        del header["__metadata__"]
        for name in list(header):
            header[name]["data_offsets"] = [0, 0]
            if name.startswith("encoder.layer.0."):
                header[name]["shape"] = [{32: 4096, 64: 16384}[n] for n in header[name]["shape"]]
                for i in range(1, 48):
                    header[name.replace("layer.0", "layer.%d" % i)] = header[name]
            else:
                header[name]["shape"] = [n if n != 32 else 4096 for n in header[name]["shape"]]

    with_header(files, change)


def nan_weight(e):
    dims, values = e.tensors[QUERY]
    e.tensors[QUERY] = (dims, values[:5] + [math.nan] + values[6:])


def short_vocabulary(e):
    """More pieces than rows of the word embeddings."""
    e.pieces += ["extra", "##extra"]


BROKEN = {  # name: (words of the error, change of the encoder, change of the files)
    "missing_tensor": (QUERY, lambda e: e.order.remove(QUERY), None),
    "wrong_shape": (QUERY, lambda e: e.tensors.update({QUERY: ([16, 64], e.tensors[QUERY][1])}), None),
    "transposed_shape": ("encoder.layer.0.intermediate.dense.weight",
                         lambda e: e.tensors["encoder.layer.0.intermediate.dense.weight"][0].reverse(), None),
    "not_finite": (QUERY, nan_weight, None),
    "truncated": ("outside", None, lambda f: with_weights(f, lambda w: w[:-1000])),
    "no_data": ("outside", None, lambda f: with_weights(f, lambda w: w[:8 + struct.unpack("<Q", w[:8])[0]])),
    "seven_bytes": ("truncated", None, lambda f: with_weights(f, lambda w: w[:7])),
    "empty_weights": ("truncated", None, lambda f: with_weights(f, lambda w: b"")),
    "offsets_beyond_end": ("outside", None, lambda f: with_header(
        f, lambda h: h[QUERY].update(data_offsets=[2 ** 40, 2 ** 40 + 4096]))),
    "offsets_reversed": ("outside", None, lambda f: with_header(
        f, lambda h: h[QUERY]["data_offsets"].reverse())),
    "offsets_disagree": (QUERY, None, lambda f: with_header(
        f, lambda h: h[QUERY].update(data_offsets=[0, 4092]))),
    "huge_shape": (QUERY, None, lambda f: with_header(
        f, lambda h: h[QUERY].update(shape=[2 ** 62, 2 ** 62]))),
    "negative_shape": (QUERY, None, lambda f: with_header(f, lambda h: h[QUERY].update(shape=[-32, -32]))),
    "claims_much": ("is not as long as its shape", lambda e: e.config.update(
        hidden_size=4096, num_hidden_layers=48, num_attention_heads=64, intermediate_size=16384), claim_much),
    "unknown_type": (QUERY, None, lambda f: with_header(f, lambda h: h[QUERY].update(dtype="F8_E4M3", data_offsets=[0, 1024]))),
    "long_header": ("header", None, lambda f: with_weights(f, lambda w: struct.pack("<Q", 2 ** 63) + w[8:])),
    "header_beyond_file": ("header", None, lambda f: with_weights(f, lambda w: struct.pack("<Q", 15000000) + w[8:])),
    "header_not_json": ("header", None, lambda f: with_weights(f, lambda w: w[:8] + b"}" + w[9:])),
    "no_weights": ("model.safetensors", lambda e: e.omit.append("model.safetensors"), None),
    "no_config": ("config.json", lambda e: e.omit.append("config.json"), None),
    "no_vocabulary": ("vocab.txt", lambda e: e.omit.extend(["vocab.txt", "tokenizer.json"]), None),
    "short_vocabulary": ("vocabulary", short_vocabulary, None),
    "no_special_token": ("[SEP]", lambda e: e.pieces.__setitem__(3, "[unused3]"), None),
    "model_type": ("nomic_bert", lambda e: e.config.update(model_type="nomic_bert"), None),
    "activation": ("swish", lambda e: e.config.update(hidden_act="swish"), None),
    "relative_positions": ("relative_key", lambda e: e.config.update(position_embedding_type="relative_key"), None),
    "heads": ("heads", lambda e: e.config.update(num_attention_heads=5), None),
    "huge_hidden": ("hidden", lambda e: e.config.update(hidden_size=10 ** 9), None),
    "negative_layers": ("layers", lambda e: e.config.update(num_hidden_layers=-1), None),
    "config_not_json": ("config.json", None, lambda f: f.update({"config.json": f["config.json"][:-1]})),
}


def main(directory):
    states = {}
    write_sound(os.path.join(directory, "tiny"), Encoder(TINY, 1), states)
    write_sound(os.path.join(directory, "tiny36"), Encoder(TINY36, 2), states)
    for name, change in VARIANTS.items():
        encoder = Encoder(TINY, 1)
        change(encoder)
        write_sound(os.path.join(directory, "variants", name), encoder, states)
    for name, (expect, before, after) in BROKEN.items():
        encoder = Encoder(TINY, 1)
        if before:
            before(encoder)
        files = encoder.files()
        if after:
            after(files)
        files["expect"] = (expect + "\n").encode()
        write_files(os.path.join(directory, "broken", name), files)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make_tiny_encoders.py OUTDIR")
    main(sys.argv[1])
