#!/usr/bin/env python3
"""Times other programs on the encoder of a Hugging Face directory.

    peers.py onnx DIRECTORY
    peers.py llama DIRECTORY
    peers.py torch DIRECTORY FILE    FILE has one text a line
    peers.py blas

onnx builds the graph itself, from the weights, with the operators that ONNX
Runtime fuses for BERT; int8 is the same graph after
onnxruntime.quantization.quantize_dynamic. llama is llama.cpp by way of
llama-cpp-python, on a GGUF file of the same weights; int8 is its Q8_0. torch is sentence-transformers, in
batches of 32 and text by text. blas is fp32 products by the OpenBLAS that numpy
carries. One thread, CPU time, medians. Prints lines like those of encoder_bench.
"""

import json
import os
import statistics
import struct
import sys
import tempfile
import time

import numpy

REPEATS = 9
SHAPES = [(1, 8), (1, 16), (1, 32), (1, 128), (32, 16), (8, 128), (64, 32)]

# (n, k) of the products of MiniLM and bert-base, and their rows
PRODUCTS = [(1152, 384), (384, 384), (1536, 384), (384, 1536), (2304, 768), (768, 768), (3072, 768), (768, 3072)]
ROWS = [1, 8, 16, 64, 256]

# So many texts are enough one by one.
ALONE = 200


def read_weights(path):
    with open(path, "rb") as f:
        length = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(length))
        data = f.read()
    return {name: numpy.frombuffer(data[e["data_offsets"][0]:e["data_offsets"][1]], "<f4").reshape(e["shape"])
            for name, e in header.items() if name != "__metadata__" and e["dtype"] == "F32"}


class Graph:
    def __init__(self):
        self.nodes = []
        self.initializers = []

    def constant(self, array):
        name = "c%d" % len(self.initializers)
        self.initializers.append(numpy_helper.from_array(numpy.ascontiguousarray(array), name))
        return name

    def node(self, kind, inputs, domain="", outputs=1, **attributes):
        names = ["n%d_%d" % (len(self.nodes), i) for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names[0]

    def linear(self, x, weight, bias=None):
        y = self.node("MatMul", [x, self.constant(weight.T)])
        return y if bias is None else self.node("Add", [y, self.constant(bias)])


def build(config, weights):
    g = Graph()
    fused = "com.microsoft"
    epsilon = config["layer_norm_eps"]

    def norm(name):
        return g.constant(weights[name + ".weight"]), g.constant(weights[name + ".bias"])

    word = g.node("Gather", [g.constant(weights["embeddings.word_embeddings.weight"]), "ids"])
    table = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    position = g.node("Gather", [g.constant(table), "positions"])
    x = g.node("LayerNormalization", [g.node("Add", [word, position]), *norm("embeddings.LayerNorm")], epsilon=epsilon)
    for i in range(config["num_hidden_layers"]):
        layer = "encoder.layer.%d." % i
        qkv = [layer + "attention.self." + part for part in ("query", "key", "value")]
        y = g.node("Attention", [x, g.constant(numpy.concatenate([weights[n + ".weight"].T for n in qkv], axis=1)),
                                 g.constant(numpy.concatenate([weights[n + ".bias"] for n in qkv]))],
                   domain=fused, num_heads=config["num_attention_heads"])
        dense = layer + "attention.output.dense"
        y = g.linear(y, weights[dense + ".weight"])
        x = g.node("SkipLayerNormalization", [y, x, *norm(layer + "attention.output.LayerNorm"),
                                              g.constant(weights[dense + ".bias"])], domain=fused, epsilon=epsilon)
        y = g.linear(x, weights[layer + "intermediate.dense.weight"])
        y = g.node("BiasGelu", [y, g.constant(weights[layer + "intermediate.dense.bias"])], domain=fused)
        y = g.linear(y, weights[layer + "output.dense.weight"])
        x = g.node("SkipLayerNormalization", [y, x, *norm(layer + "output.LayerNorm"),
                                              g.constant(weights[layer + "output.dense.bias"])],
                   domain=fused, epsilon=epsilon)
    pooled = g.node("ReduceMean", [x], axes=[1], keepdims=0)
    out = g.node("LpNormalization", [pooled], axis=1, p=2)
    graph = helper.make_graph(
        g.nodes, "bert",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", "tokens"]),
         helper.make_tensor_value_info("positions", TensorProto.INT64, ["tokens"])],
        [helper.make_tensor_value_info(out, TensorProto.FLOAT, ["texts", config["hidden_size"]])], g.initializers)
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(fused, 1)])


def run(session, ids):
    return session.run(None, {"ids": ids, "positions": numpy.arange(ids.shape[1], dtype=numpy.int64)})[0]


def quantize(model):
    with tempfile.TemporaryDirectory() as folder:
        wide, narrow = os.path.join(folder, "fp32.onnx"), os.path.join(folder, "int8.onnx")
        onnx.save(model, wide)
        # shape inference knows nothing of the fused operators
        onnxruntime.quantization.quantize_dynamic(wide, narrow, weight_type=onnxruntime.quantization.QuantType.QInt8,
                                                  extra_options={"DefaultTensorType": TensorProto.FLOAT})
        return onnx.load(narrow)


def open_session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def bench(name, session, vocabulary, texts, tokens):
    total = texts * tokens
    ids = ((1000 + numpy.arange(total, dtype=numpy.int64) * 7) % vocabulary).reshape(texts, tokens)
    loops = 1500 // total + 1
    times = []
    run(session, ids)
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(loops):
            run(session, ids)
        times.append((time.process_time() - start) / loops / total)
    print("encode %s %d %d %.1f" % (name, texts, tokens, 1e6 * statistics.median(times)))


def bench_onnx(directory):
    with open(os.path.join(directory, "config.json")) as f:
        config = json.load(f)
    model = build(config, read_weights(os.path.join(directory, "model.safetensors")))
    sessions = {"fp32": open_session(model), "int8": open_session(quantize(model))}
    ids = ((1000 + numpy.arange(16, dtype=numpy.int64)) % config["vocab_size"])[None]
    print("version onnx %s" % onnxruntime.__version__)
    for name, session in sessions.items():
        print("vector %s %.6f %.6f %.6f" % (name, *run(session, ids)[0, :3]))
    for texts, tokens in SHAPES:
        for name, session in sessions.items():
            bench(name, session, config["vocab_size"], texts, tokens)


# What llama.cpp calls the modules; those of a layer begin with "encoder.layer.N." and "blk.N.".
LLAMA_MODULES = {"embeddings.word_embeddings": "token_embd", "embeddings.position_embeddings": "position_embd",
                 "embeddings.token_type_embeddings": "token_types", "embeddings.LayerNorm": "token_embd_norm"}
LLAMA_LAYER = {"attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
               "attention.output.dense": "attn_output", "attention.output.LayerNorm": "attn_output_norm",
               "intermediate.dense": "ffn_up", "output.dense": "ffn_down", "output.LayerNorm": "layer_output_norm"}


def write_gguf(path, config, weights, narrow):
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_token_type_count(config["type_vocab_size"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("no_vocab")
    modules = dict(LLAMA_MODULES)
    for i in range(config["num_hidden_layers"]):
        modules.update({"encoder.layer.%d.%s" % (i, ours): "blk.%d.%s" % (i, theirs) for ours, theirs in LLAMA_LAYER.items()})
    for ours, theirs in modules.items():
        for part in ("weight", "bias"):
            tensor = weights.get("%s.%s" % (ours, part))
            if tensor is None:
                continue
            if narrow and part == "weight" and theirs.startswith("blk.") and "norm" not in theirs:
                kind = gguf.GGMLQuantizationType.Q8_0
                writer.add_tensor("%s.%s" % (theirs, part), gguf.quants.quantize(tensor, kind), raw_dtype=kind)
            else:
                writer.add_tensor("%s.%s" % (theirs, part), numpy.ascontiguousarray(tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class Llama:
    def __init__(self, model, ids):
        texts, tokens = ids.shape
        parameters = llama_cpp.llama_context_default_params()
        parameters.embeddings = True
        parameters.n_threads = parameters.n_threads_batch = 1
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = texts * tokens
        parameters.n_seq_max = texts
        self.context = llama_cpp.llama_init_from_model(model, parameters)
        self.batch = llama_cpp.llama_batch_init(texts * tokens, 0, 1)
        self.batch.n_tokens = texts * tokens
        for i, token in enumerate(ids.reshape(-1)):
            self.batch.token[i] = token
            self.batch.pos[i] = i % tokens
            self.batch.n_seq_id[i] = 1
            self.batch.seq_id[i][0] = i // tokens
            self.batch.logits[i] = 1

    def run(self):
        if llama_cpp.llama_encode(self.context, self.batch) != 0:
            sys.exit("llama_encode failed")

    def vector(self, width):
        self.run()
        pooled = numpy.ctypeslib.as_array(llama_cpp.llama_get_embeddings_seq(self.context, 0), (width,))
        return pooled / numpy.linalg.norm(pooled)

    def close(self):
        llama_cpp.llama_batch_free(self.batch)
        llama_cpp.llama_free(self.context)


def bench_llama(directory):
    with open(os.path.join(directory, "config.json")) as f:
        config = json.load(f)
    weights = read_weights(os.path.join(directory, "model.safetensors"))
    print("version llama %s" % llama_cpp.__version__)
    llama_cpp.llama_backend_init()
    for name in ("fp32", "int8"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.gguf")
            write_gguf(path, config, weights, name == "int8")
            model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        llama = Llama(model, ((1000 + numpy.arange(16)) % config["vocab_size"])[None])
        print("vector %s %.6f %.6f %.6f" % (name, *llama.vector(config["hidden_size"])[:3]))
        llama.close()
        for texts, tokens in SHAPES:
            total = texts * tokens
            llama = Llama(model, ((1000 + numpy.arange(total) * 7) % config["vocab_size"]).reshape(texts, tokens))
            loops = 400 // total + 1
            seconds = median_time(lambda: [llama.run() for _ in range(loops)], REPEATS)
            print("encode %s %d %d %.1f" % (name, texts, tokens, 1e6 * seconds / loops / total))
            llama.close()


def median_time(work, repeats):
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def bench_torch(directory, file):
    torch.set_num_threads(1)
    model = sentence_transformers.SentenceTransformer(directory, device="cpu")
    with open(file, encoding="utf-8") as f:
        texts = f.read().splitlines()
    print("version torch %s" % torch.__version__)
    batches = median_time(lambda: model.encode(texts, batch_size=32, show_progress_bar=False), 3)
    alone = median_time(lambda: [model.encode(text, show_progress_bar=False) for text in texts[:ALONE]], 3)
    print("texts 32 %.2f" % (1e6 * batches / len(texts)))
    print("texts 1 %.2f" % (1e6 * alone / len(texts[:ALONE])))


def bench_blas():
    print("version openblas %s" % numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]["version"])
    for m in ROWS:
        for n, k in PRODUCTS:
            a = numpy.full((m, k), 0.5, numpy.float32)
            w = numpy.full((n, k), 0.5, numpy.float32)
            c = numpy.empty((m, n), numpy.float32)
            loops = int(2e8 / (2 * m * n * k)) + 1
            seconds = median_time(lambda: [numpy.matmul(a, w.T, out=c) for _ in range(loops)], REPEATS)
            print("blas %d %d %d %.0f" % (m, n, k, 2e-9 * m * n * k * loops / seconds))


if __name__ == "__main__":
    if sys.argv[1:2] == ["onnx"] and len(sys.argv) == 3:
        import onnx
        import onnxruntime
        import onnxruntime.quantization
        from onnx import TensorProto, helper, numpy_helper
        bench_onnx(sys.argv[2])
    elif sys.argv[1:2] == ["llama"] and len(sys.argv) == 3:
        import gguf
        import llama_cpp
        bench_llama(sys.argv[2])
    elif sys.argv[1:2] == ["torch"] and len(sys.argv) == 4:
        import sentence_transformers
        import torch
        bench_torch(sys.argv[2], sys.argv[3])
    elif sys.argv[1:] == ["blas"]:
        bench_blas()
    else:
        sys.exit(__doc__)
