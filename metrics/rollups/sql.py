"""The one definition, in SQL, of what a row adds to the rollups.

Ingest applies it to the rows of a batch, a correction with sign -1 to what it replaces, a rebuild to the whole
table: three uses of one text, so that they cannot drift apart. `{source}` is a relation with the columns of
metrics_interaction plus `sign` (+1 or -1) and `truth` (gold, else the strict majority of the raters' labels).
"""

# ruff: noqa: S608 - our own texts put together; values travel as parameters

from metrics.rollups.rules import FIRST_PERSON

DISTINCT_PEOPLE = (
    f"greatest(count(DISTINCT subject) FILTER (WHERE subject >= '{FIRST_PERSON}'),"
    f" count(DISTINCT subject) FILTER (WHERE subject < '{FIRST_PERSON}'))"
)
"""How many people there are at least: numbers that replaced people say how many there were on the fullest day."""

_MAJORITY = """
    SELECT label FROM (
        SELECT l.label, count(*) AS n, lead(count(*)) OVER (ORDER BY count(*) DESC) AS runner_up
        FROM metrics_label l WHERE l.system_id = i.system_id AND l.source_id = i.source_id
        GROUP BY l.label ORDER BY count(*) DESC LIMIT 1
    ) m WHERE m.runner_up IS NULL OR m.n > m.runner_up"""

GOLD_ONLY = "SELECT i.*, {sign} AS sign, i.gold AS truth FROM {relation} i WHERE NOT i.test"
"""Source for rows that cannot have labels of raters."""
GOLD_OR_LABELS = (
    "SELECT i.*, {sign} AS sign, coalesce(i.gold, ("
    + _MAJORITY
    + ")) AS truth FROM {relation} i WHERE NOT i.test"
)
"""Source for any rows: gold, else the label that most raters gave; none where two labels tie."""
MAJORITIES = """
    SELECT system_id, source_id, max(label) FILTER (WHERE place = 1) AS label FROM (
        SELECT system_id, source_id, label, n,
               rank() OVER (PARTITION BY system_id, source_id ORDER BY n DESC) AS place
        FROM (SELECT system_id, source_id, label, count(*) AS n FROM metrics_label {where} GROUP BY 1, 2, 3) c
    ) r GROUP BY system_id, source_id HAVING count(*) FILTER (WHERE place = 1) = 1"""
WHOLE = (
    "SELECT i.*, 1 AS sign, coalesce(i.gold, m.label) AS truth FROM metrics_interaction i"
    " LEFT JOIN (" + MAJORITIES + ") m USING (system_id, source_id) WHERE NOT i.test {also}"
)
"""Source for a rebuild: everything, labels joined once."""

_BASE = """
WITH src AS MATERIALIZED ({source}),
k AS (SELECT *, (occurred_at AT TIME ZONE 'UTC')::date AS day, basis IN ('allow', 'basis_doubtful') AS kept FROM src)
"""

_COUNTERS = {
    "interactions": "true",
    "basis.allow": "basis = 'allow'",
    "basis.violation": "basis = 'violation'",
    "basis.gap": "basis = 'gap'",
    "basis.basis_doubtful": "basis = 'basis_doubtful'",
    "disclosure.due": "kept",
    "disclosure.done": "kept AND disclosed_at <= occurred_at",
    "emotion_notice.due": "kept",
    "emotion_notice.done": "kept AND emotion_notice_at <= occurred_at",
    "sensitive.n": "kept AND sensitive",
    "sensitive.human": "kept AND sensitive AND human_at IS NOT NULL",
    "escalated": "kept AND escalated_at IS NOT NULL",
    "human": "kept AND human_at IS NOT NULL",
    "override.known": "kept AND overridden IS NOT NULL",
    "override.yes": "kept AND overridden",
    "resolved.known": "kept AND resolved IS NOT NULL",
    "resolved.yes": "kept AND resolved",
    "contained": "kept AND resolved AND human_at IS NULL AND escalated_at IS NULL",
}
_NAMES = list(_COUNTERS)
_SUMS = ",\n        ".join(
    f"sum(sign) FILTER (WHERE {condition}) AS c{n}" for n, condition in enumerate(_COUNTERS.values())
)
_PIVOT = ", ".join(f"('{name}', c{n})" for n, name in enumerate(_NAMES))


def _log_histogram(prefix: str, milliseconds: str) -> str:
    bin_ = f"floor(20 * log(greatest({milliseconds}, 1)::float8))::int"
    return (
        f"SELECT system_id, day, '{prefix}.' || bin, n FROM (SELECT system_id, day, {bin_} AS bin, sum(sign) AS n"
        f" FROM k WHERE kept AND ({milliseconds}) IS NOT NULL GROUP BY 1, 2, 3) b"
    )


_CALIBRATION = """
    SELECT system_id, day, 'cal.' || lpad(bin::text, 2, '0') || '.' || v.part, v.value
    FROM (SELECT system_id, day, least(floor(confidence * 15)::int, 14) AS bin, sum(sign) AS n,
                 coalesce(sum(sign) FILTER (WHERE truth = predicted), 0) AS correct,
                 sum(sign * round(confidence::numeric, 6)) AS total
          FROM k WHERE kept AND truth IS NOT NULL AND predicted IS NOT NULL AND confidence IS NOT NULL
          GROUP BY 1, 2, 3) c,
         LATERAL (VALUES ('n', n), ('correct', correct), ('sum', total)) v(part, value)"""
_OFFERS = """
    SELECT system_id, day, 'offer.' || coalesce(replace(intent, '.', '_'), '') || '.'
           || CASE WHEN predicted = ANY(negative) THEN 'neg' ELSE 'other' END || '.' || v.part, sum(v.value)
    FROM (SELECT system_id, day, predicted, intent, sum(sign) AS n,
                 coalesce(sum(sign) FILTER (WHERE offer_kind IS NOT NULL), 0) AS offered,
                 coalesce(sum(sign) FILTER (WHERE offer_accepted), 0) AS accepted
          FROM k WHERE kept AND predicted IS NOT NULL GROUP BY 1, 2, 3, 4) g
    JOIN negatives USING (system_id),
         LATERAL (VALUES ('offer', offered), ('none', n - offered), ('accepted', accepted)) v(part, value)
    GROUP BY 1, 2, 3"""

DAY = (
    _BASE.rstrip()
    + ",\nnegatives AS (SELECT * FROM unnest(%(systems)s::uuid[], %(negatives)s::text[])"
    + " AS u(system_id, joined), LATERAL (SELECT string_to_array(joined, E'\\n') AS negative) a)\n"
    + f"""SELECT system_id, day, key, value FROM (
    SELECT w.system_id, w.day, v.key, v.value::numeric FROM (
        SELECT system_id, day, {_SUMS}
        FROM k GROUP BY 1, 2) w, LATERAL (VALUES {_PIVOT}) v(key, value)
    UNION ALL
    SELECT system_id, day, 'predicted.' || predicted, n FROM (
        SELECT system_id, day, predicted, sum(sign) AS n FROM k
        WHERE kept AND predicted IS NOT NULL GROUP BY 1, 2, 3) p
    UNION ALL {_log_histogram("frt", "first_response_ms")}
    UNION ALL {_log_histogram("handling", "handling_s * 1000")}
    UNION ALL {_CALIBRATION}
    UNION ALL {_OFFERS}
) x(system_id, day, key, value) WHERE value <> 0"""
)
"""(system_id, day, key, value) of interactions; parameters: systems, negatives (labels joined by newline)."""

_SLICES = """LATERAL (
    SELECT '' UNION ALL SELECT 'language=' || language WHERE language IS NOT NULL
    UNION ALL SELECT 'channel=' || channel WHERE channel IS NOT NULL
    UNION ALL SELECT 'subject_role=' || subject_role WHERE subject_role IS NOT NULL
    UNION ALL SELECT 'modality=' || modality WHERE modality IS NOT NULL
    UNION ALL SELECT a.key || '=' || a.value FROM jsonb_each_text(coalesce(attributes, '{{}}')) a
) s(slice)"""

CONFUSION = (
    _BASE
    + f"""SELECT system_id, day, coalesce(version, '') AS version, slice, truth AS gold, predicted, sum(sign) AS n
FROM k, {_SLICES} WHERE kept AND truth IS NOT NULL AND predicted IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(sign) <> 0"""
)
"""(system_id, day, version, slice, gold, predicted, n)."""

PEOPLE = (
    _BASE
    + f"""SELECT system_id, topic, day, subject, n FROM (
    SELECT system_id, 'interactions' AS topic, day, subject, sum(sign) AS n
    FROM k WHERE kept AND subject IS NOT NULL GROUP BY 1, 3, 4
    UNION ALL
    SELECT system_id, CASE slice WHEN '' THEN 'gold' ELSE 'gold|' || slice END, day, subject, sum(sign)
    FROM k, {_SLICES} WHERE kept AND subject IS NOT NULL AND truth IS NOT NULL AND predicted IS NOT NULL
    GROUP BY 1, 2, 3, 4
) p WHERE n <> 0"""
)
"""(system_id, topic, day, subject, n) of interactions."""

_SURVEYS = """
WITH src AS MATERIALIZED ({source}),
k AS (SELECT *, (coalesce(answered_at, asked_at) AT TIME ZONE 'UTC')::date AS day FROM src)
"""
SURVEY_DAY = (
    _SURVEYS
    + """SELECT system_id, day, key, value FROM (
    SELECT system_id, day, 'survey.' || instrument || '.asked', sum(sign)::numeric FROM k GROUP BY 1, 2, 3
    UNION ALL
    SELECT system_id, day, 'survey.' || instrument || '.answered', sum(sign)::numeric FROM k
    WHERE answered_at IS NOT NULL GROUP BY 1, 2, 3
    UNION ALL
    SELECT system_id, day, instrument || '.' || (answers ->> instrument), sum(sign)::numeric FROM k
    WHERE instrument IN ('csat', 'nps', 'ces') AND answered_at IS NOT NULL GROUP BY 1, 2, 3
    UNION ALL
    SELECT system_id, day, 'score.' || s.key || '.' || v.part, sum(sign * v.value)
    FROM k, LATERAL jsonb_each_text(scores) s,
         LATERAL (VALUES ('n', 1::numeric), ('sum', s.value::numeric), ('sumsq', s.value::numeric ^ 2)) v(part, value)
    WHERE scores IS NOT NULL GROUP BY 1, 2, 3
    UNION ALL
    SELECT system_id, day, 'item.' || instrument || '.' || a.key || '.' || v.part, sum(sign * v.value)
    FROM k, LATERAL jsonb_each_text(answers) a,
         LATERAL (VALUES ('sum', a.value::numeric), ('sumsq', a.value::numeric ^ 2)) v(part, value)
    WHERE instrument NOT IN ('csat', 'nps', 'ces') AND answers IS NOT NULL GROUP BY 1, 2, 3
) x(system_id, day, key, value) WHERE value <> 0"""
)
"""(system_id, day, key, value) of survey answers."""
SURVEY_PEOPLE = (
    _SURVEYS
    + """SELECT system_id, 'survey.' || instrument AS topic, day, subject, sum(sign) AS n FROM k
WHERE answered_at IS NOT NULL AND subject IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(sign) <> 0"""
)
"""(system_id, topic, day, subject, n) of survey answers."""
