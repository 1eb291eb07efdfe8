#!/usr/bin/env python3
"""What simple strong systems say of each message of a fold, by scikit-learn.

    baselines.py FILE FOLD    FILE holds what posts.sql prints

All are logistic regressions of one message:

    tfidf     60,000 words of subject and body together, TF-IDF
    minilm    the vector of the frozen encoder
    both      the two side by side
    blocks    the vector beside the server's lexemes, those of subject and of body in blocks of their own

Prints lines for COPY: protocol, system, fold, message, and the probabilities of
the interests in the order of their names. Weights of the blocks and penalties
are those that did best on one fold.
"""

import json
import sys
import time

import numpy
from scipy import sparse
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

WORDS = 60000
LEAST_MESSAGES = 2

# Beside words a vector of norm 1 says too much.
WORD_WEIGHT = 1.5
VECTOR_WEIGHT = 0.7


def tfidf(train, test):
    vectorizer = TfidfVectorizer(max_features=WORDS, sublinear_tf=True, dtype=numpy.float32)
    texts = [[m["subject"] + "\n" + m["body"] for m in messages] for messages in (train, test)]
    return vectorizer.fit_transform(texts[0]), vectorizer.transform(texts[1])


def lexemes(column, train, test):
    counter = DictVectorizer(dtype=numpy.float32)
    counts = [f([m[column] or {} for m in messages]) for f, messages in
              ((counter.fit_transform, train), (counter.transform, test))]
    known = numpy.asarray((counts[0] > 0).sum(0)).ravel() >= LEAST_MESSAGES
    weigh = TfidfTransformer(sublinear_tf=True)
    return weigh.fit_transform(counts[0][:, known]), weigh.transform(counts[1][:, known])


def vectors(train, test):
    return tuple(numpy.array([m["vector"] for m in messages], dtype=numpy.float32) for messages in (train, test))


def beside(vector, *blocks):
    return tuple(sparse.hstack([sparse.csr_matrix(vector[i] * VECTOR_WEIGHT)] + [b[i] * WORD_WEIGHT for b in blocks], format="csr")
                 for i in (0, 1))


def systems(train, test):
    """Name, features of both, penalty, and the gradient at which the fit is left."""
    words, vector = tfidf(train, test), vectors(train, test)
    yield "tfidf", words, 10, 1e-4
    yield "minilm", vector, 3, 1e-4
    yield "both", beside(vector, words), 3, 1e-3
    yield "blocks", beside(vector, lexemes("subject_words", train, test), lexemes("body_words", train, test)), 3, 1e-3


def main():
    path, fold = sys.argv[1], int(sys.argv[2])
    with open(path) as file:
        messages = [json.loads(line) for line in file]
    test = [m for m in messages if m["fold"] == fold]
    train = [m for m in messages if m["fold"] != fold]
    threads = {m["thread"] for m in test}
    interests = sorted({m["interest"] for m in messages})
    for protocol, train in (("ordinary", train), ("leak-free", [m for m in train if m["thread"] not in threads])):
        for system, (x, asked), penalty, tolerance in systems(train, test):
            start = time.time()
            model = LogisticRegression(C=penalty, tol=tolerance, max_iter=300).fit(x, [m["interest"] for m in train])
            probabilities = numpy.zeros((len(test), len(interests)))
            probabilities[:, [interests.index(i) for i in model.classes_]] = model.predict_proba(asked)
            right = [interests[p] == m["interest"] for p, m in zip(probabilities.argmax(1), test)]
            print("fold %d, %s, %s: row %.3f (%.0f s)" % (fold, protocol, system, numpy.mean(right), time.time() - start),
                  file=sys.stderr, flush=True)
            for message, row in zip(test, probabilities):
                print(protocol, system, fold, message["message"], "{%s}" % ",".join("%.6g" % p for p in row), sep="\t")


if __name__ == "__main__":
    main()
