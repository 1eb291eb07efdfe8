"""Lists of films beside those of other recommenders: NDCG@10 and recall@10.

    recommend.py DIRECTORY

The directory has what recommend.sql wrote.  Everybody gets the history's
ratings of 4 or more; relevant are the films of the rest rated 4 or more; all
films are ranked that the user has not rated in the history, ties by number;
users without relevant films are left out; the ideal has min(10, relevant)
films.  Cold are the films that the model has not seen: they are ranked alone.
Errors are of means over users, of differences of the same users.
"""
import sys

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from scipy.sparse import csr_matrix

K = 10
SEEDS = range(3)


def read_ratings(path):
    rows = np.loadtxt(path, delimiter="\t")
    user, film = rows[:, 0].astype(int) - 1, rows[:, 1].astype(int) - 1
    count = np.bincount(user)
    start = np.concatenate([[0], np.cumsum(count)])[:-1]
    past = np.arange(len(rows)) - start[user] < (count * 0.8).astype(int)[user]
    shape = (user.max() + 1, film.max() + 1)
    seen, liked, relevant = (np.zeros(shape, bool) for _ in range(3))
    good = rows[:, 2] >= 4
    seen[user[past], film[past]] = True
    liked[user[past & good], film[past & good]] = True
    relevant[user[~past & good], film[~past & good]] = True
    return seen, liked, relevant & ~seen


def read_scores(path, shape):
    scores = np.full(shape, -np.inf)
    for line in open(path):
        user, film, score = line.split("\t")
        scores[int(user) - 1, int(film) - 1] = float(score)
    return scores


def measure(scores, excluded, relevant):
    """NDCG and recall of each user with relevant films."""
    users = np.flatnonzero(relevant.any(1))
    scores = np.where(excluded, -np.inf, scores)[users]
    best = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    hit = np.take_along_axis(relevant[users] & np.isfinite(scores), best, 1)
    discount = 1 / np.log2(np.arange(2, K + 2))
    count = relevant[users].sum(1)
    ideal = np.array([discount[:n].sum() for n in np.minimum(count, K)])
    return (hit * discount).sum(1) / ideal, hit.sum(1) / count


def neighbours(liked, most=100):
    counts = liked.T @ liked
    norm = np.sqrt(np.maximum(np.diag(counts), 1))
    cosine = counts / norm / norm[:, None]
    np.fill_diagonal(cosine, 0)
    cosine[cosine < np.sort(cosine, 1)[:, -most][:, None]] = 0
    return liked @ cosine.T


def ease(liked, penalty=200):
    """Steck, "Embarrassingly shallow autoencoders for sparse data", 2019."""
    inverse = np.linalg.inv(liked.T @ liked + penalty * np.eye(liked.shape[1]))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return liked @ weights


def factors(make, liked):
    """Each metric by user, mean of some seeds."""
    for seed in SEEDS:
        model = make(seed)
        model.fit(csr_matrix(liked), show_progress=False)
        yield model.user_factors @ model.item_factors.T


def error(values):
    return values.std(ddof=1) / np.sqrt(len(values))


def show(title, ours, others):
    print(f"{title:42}{'NDCG@10':>9}{'error':>8}{'recall@10':>11}{'error':>8}{'ours more':>11}{'error':>8}")
    for name, (ndcg, recall) in [("interest", ours)] + others:
        line = f"  {name:40}{ndcg.mean():9.4f}{error(ndcg):8.4f}{recall.mean():11.4f}{error(recall):8.4f}"
        if name != "interest":
            metric = 1 if title.startswith("new") else 0
            difference = ours[metric] - (ndcg, recall)[metric]
            line += f"{difference.mean():11.4f}{error(difference):8.4f}"
        print(line)


def warm(directory, seen, liked, relevant):
    x = liked.astype(float)
    mean = lambda scores: np.mean([measure(s, seen, relevant) for s in scores], axis=0)
    one = lambda s: measure(s, seen, relevant)
    ours = one(read_scores(f"{directory}/ours", seen.shape))
    users = relevant.any(1).sum()
    show(f"all films, {users} users", ours, [
        ("popularity", one(np.tile(x.sum(0), (len(x), 1)))),
        ("BPR (implicit, its settings)", mean(factors(
            lambda seed: BayesianPersonalizedRanking(random_state=seed, num_threads=1), x))),
        ("ALS (implicit, 64 factors, its settings)", mean(factors(
            lambda seed: AlternatingLeastSquares(64, random_state=seed, num_threads=1), x))),
        ("ALS (implicit, 32, penalty 10, alpha 2)", mean(factors(
            lambda seed: AlternatingLeastSquares(32, regularization=10, alpha=2, random_state=seed, num_threads=1), x))),
        ("100 neighbours of films, cosine", one(neighbours(x))),
        ("EASE, penalty 200", one(ease(x)))])


def cold(directory, seen, liked, relevant):
    new = np.arange(seen.shape[1]) % 5 == 4     # number 5, 10 ...
    relevant = relevant & new
    excluded = seen | ~new
    texts = np.zeros((seen.shape[1], 0))
    for line in open(f"{directory}/texts"):
        film, vector = line.split("\t")
        vector = np.array(vector.strip("{}\n").split(","), float)
        if texts.shape[1] == 0:
            texts = np.zeros((seen.shape[1], len(vector)))
        texts[int(film) - 1] = vector / np.linalg.norm(vector)
    ours = read_scores(f"{directory}/ours_cold", seen.shape)
    user = (liked & ~new).astype(float) @ texts
    known = (liked & ~new).any(1)
    relevant &= known[:, None]
    show(f"new films, {relevant.any(1).sum()} users", measure(ours, excluded, relevant), [
        ("cosine of texts", measure(user @ texts.T, excluded, relevant)),
        ("at random", measure(np.random.default_rng(1).random(seen.shape), excluded, relevant))])


if __name__ == "__main__":
    rows = read_ratings(f"{sys.argv[1]}/ratings")
    warm(sys.argv[1], *rows)
    cold(sys.argv[1], *rows)
