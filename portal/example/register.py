"""What the example organisation has in its register: systems, flows, notices, policies, goals, values. Pure data."""

from datetime import date
from typing import Any

ROOT = "de-linde"
AFFECTED = "/de-linde/customer-service/"  # the unit whose board member advises
NO = "no"
YES = "yes"
NOT_APPLICABLE = "not_applicable"
LAWFUL = {"exploits_vulnerability": NO, "sells_on_distress": NO}

# the shared scheme on which systems with different labels compare
_SHARED = {
    "anger": "negative", "sadness": "negative", "stress": "negative", "neutral": "neutral", "calm": "neutral",
    "joy": "positive", "optimism": "positive", "negative": "negative", "positive": "positive",
}  # fmt: skip
AGES = ["18-34", "35-54", "55-74", "75+"]


def label_map(labels: list[str]) -> dict[str, str]:
    """Each label of a scheme on the shared scheme."""
    return {label: _SHARED[label] for label in labels}


SYSTEMS: tuple[dict[str, Any], ...] = (
    {
        "slug": "linde-chat", "name": "Linde Chat", "unit": "customer-service", "owner": "owner",
        "description": "Answers questions of customers in the app and on the site, notices frustration or sadness in what they "
        "write, and hands over to a colleague when that helps.",
        "provider_role": "both", "labels": ["anger", "joy", "optimism", "sadness"], "languages": ["nl", "en", "tr"],
        "dimensions": {"age": AGES}, "link_template": "https://chat.delinde.example/conversations/{id}",
        "versions": (("3.1", date(2025, 9, 15), "lexicon and rules"), ("3.2", date(2025, 11, 10), "fine-tuned transformer")),
    },
    {
        "slug": "call-tone", "name": "Call Tone", "unit": "contact-centre", "owner": "owner",
        "description": "Reads the customer's tone of voice during calls, so that the colleague on the line gets help in time. "
        "The vendor also offers to read the voice of our own colleagues.",
        "provider_role": "deployer", "labels": ["anger", "neutral", "joy", "sadness"], "languages": ["nl", "en"],
        "dimensions": {"age": AGES}, "link_template": "",
        "versions": (("1.4", date(2025, 10, 20), "vendor's acoustic model"),),
    },
    {
        "slug": "well-being", "name": "Well-being Check-in", "unit": "human-resources", "owner": "hr-owner",
        "description": "Colleagues who want to can write how they are; teams of at least ten people see figures about the "
        "group, never about one person.",
        "provider_role": "deployer", "labels": ["stress", "calm", "joy", "sadness"], "languages": ["nl", "en"],
        "dimensions": {}, "link_template": "",
        "versions": (("2.0", date(2025, 11, 3), "vendor's text model"),),
    },
    {
        "slug": "leader-coach", "name": "Leader Coach", "unit": "human-resources", "owner": "hr-owner",
        "description": "Team leaders practise a difficult conversation in writing and get feedback on its tone. Only the person "
        "who practises sees it.",
        "provider_role": "both", "labels": ["negative", "neutral", "positive"], "languages": ["en"],
        "dimensions": {}, "link_template": "",
        "versions": (("0.9", date(2025, 10, 27), "VADER, a lexicon of English words"),),
    },
    {
        "slug": "claims-mail", "name": "Claims Mail", "recent": True, "unit": "customer-service", "owner": "owner",
        "description": "Reads letters and mails about claims and puts those of people in distress on top of the pile.",
        "provider_role": "deployer", "labels": ["anger", "joy", "optimism", "sadness"], "languages": ["nl"],
        "dimensions": {}, "link_template": "",
        "versions": (("1.0", date(2026, 10, 12), "vendor's text model"),),
    },
)  # fmt: skip

FLOWS: tuple[dict[str, Any], ...] = (
    {
        "system": "linde-chat", "slug": "customer-messages", "name": "Messages of customers", "modality": "text",
        "subject_role": "customer", "setting": "self_service", "purpose": "service", "output": "emotion",
        "consequence": "routing", "recipient": "operator", "facts": {**LAWFUL, "talks_to_people": YES},
    },
    {
        "system": "call-tone", "slug": "customer-voice", "name": "The customer's voice", "modality": "voice",
        "subject_role": "customer", "setting": "contact_centre", "purpose": "service", "output": "emotion",
        "consequence": "routing", "recipient": "operator",
        "facts": {**LAWFUL, "agent_voice_masked": YES, "talks_to_people": NO},
    },
    {
        "system": "call-tone", "slug": "agent-voice", "name": "Our colleague's voice", "modality": "voice",
        "subject_role": "employee", "setting": "contact_centre", "purpose": "worker_evaluation", "output": "emotion",
        "consequence": "coaching", "recipient": "manager", "facts": {**LAWFUL, "medical_or_safety_evidenced": NO},
    },
    {
        "system": "well-being", "slug": "check-ins", "name": "Written check-ins", "modality": "text",
        "subject_role": "employee", "setting": "workplace", "purpose": "wellbeing", "output": "aggregate",
        "consequence": "none", "recipient": "analyst",
        "facts": {**LAWFUL, "above_privacy_floor": YES, "works_council_record": YES, "talks_to_people": NO},
    },
    {
        "system": "leader-coach", "slug": "practice-writing", "name": "Written practice", "modality": "text",
        "subject_role": "employee", "setting": "workplace", "purpose": "own_training", "output": "sentiment",
        "consequence": "coaching", "recipient": "subject", "facts": {**LAWFUL, "talks_to_people": YES},
    },
    {
        "system": "well-being", "slug": "overwork", "name": "Overwork seen in the calendar", "modality": "metadata",
        "subject_role": "employee", "setting": "workplace", "purpose": "offering_help", "output": "sentiment",
        "consequence": "help", "recipient": "unknown", "facts": {**LAWFUL},
    },
    {
        "system": "claims-mail", "slug": "letters", "name": "Letters about claims", "modality": "text",
        "subject_role": "customer", "setting": "contact_centre", "purpose": "service", "output": "emotion",
        "consequence": "routing", "recipient": "operator", "facts": {**LAWFUL, "talks_to_people": NO},
    },
)  # fmt: skip

NOTICES: tuple[tuple[str, str, str], ...] = (
    ("linde-chat", "nl", "Onze chatbot leest uit uw woorden of u boos of verdrietig bent. Zo krijgt u sneller een collega. "
     "Wij bewaren niet wat u schrijft. U kunt nee zeggen; de chat werkt dan ook."),
    ("linde-chat", "en", "Our chatbot reads from your words whether you are angry or sad, so that you reach a colleague sooner. "
     "We do not keep what you write. You can say no; the chat works all the same."),
    ("call-tone", "nl", "Tijdens dit gesprek luistert een computer naar uw toon, om onze collega te helpen. Er wordt geen geluid "
     "bewaard. U kunt nee zeggen voordat het begint."),
    ("call-tone", "en", "During this call a computer listens to your tone, to help our colleague. No sound is kept. You can say "
     "no before it starts."),
    ("well-being", "nl", "Wat u hier schrijft wordt meteen omgezet in een cijfer over uw team. Niemand ziet uw antwoord."),
    ("leader-coach", "en", "A computer scores the tone of what you write here, to give you feedback. Only you see it."),
    ("well-being", "en", "What you write here becomes a figure about your team at once. Nobody sees your answer."),
)  # fmt: skip

CHANGED_NOTICES: tuple[tuple[str, str, str, int], ...] = (
    ("linde-chat", "nl", "Onze chatbot leest uit uw woorden of u **boos of verdrietig** bent. Zo krijgt u sneller een collega."
     "\n\nWij bewaren niet wat u schrijft. Nieuw: van elk gesprek bewaren wij een jaar lang *welk gevoel* wij lazen, zodat u "
     "kunt vragen of het klopte.\n\n- U kunt nee zeggen; de chat werkt dan ook.\n- U kunt later altijd nog nee zeggen.", 180),
)  # fmt: skip
"""(system, language, text, days of grace) of a newer version that changed materially; not translated yet."""

POLICIES: dict[str, dict[str, Any]] = {
    "linde-chat": {
        "retention_days": 365,
        "rules": [
            {"id": "no-offers-on-distress", "effect": "prohibit", "purpose": "offers", "reference": "AI Act, Art 5(1)(b)"},
            {"id": "service-with-consent", "effect": "permit", "subject_role": "customer", "purpose": "service",
             "modality": "text", "basis": "consent", "reference": "GDPR Art 6(1)(a)"},
        ],
    },
    "call-tone": {
        "retention_days": 180,
        "rules": [
            {"id": "no-own-staff", "effect": "prohibit", "subject_role": "employee", "reference": "AI Act, Art 5(1)(f)"},
            {"id": "service-with-explicit-consent", "effect": "permit", "subject_role": "customer", "purpose": "service",
             "modality": "voice", "basis": "consent", "explicit": True, "reference": "GDPR Art 6(1)(a)"},
        ],
    },
    "well-being": {
        "retention_days": 90,
        "rules": [
            {"id": "nothing-about-one-person", "effect": "prohibit", "recipient": ["manager", "hr"],
             "layer": ["raw", "features", "inference"], "reference": "GDPR Art 5(1)(c)"},
            {"id": "group-figures", "effect": "permit", "subject_role": "employee", "purpose": "wellbeing",
             "modality": "text", "basis": "legitimate_interest", "min_group": 10, "reference": "GDPR Art 6(1)(f)"},
        ],
    },
    "leader-coach": {
        "retention_days": 90,
        "rules": [
            {"id": "only-the-person", "effect": "prohibit", "recipient": ["manager", "hr"], "reference": "AI Act, Art 5(1)(f)"},
            {"id": "own-practice", "effect": "permit", "subject_role": "employee", "purpose": "own_training",
             "modality": "text", "basis": "legitimate_interest", "reference": "GDPR Art 6(1)(f)"},
        ],
    },
    "claims-mail": {
        "retention_days": 90,
        "rules": [
            {"id": "letters-in-order", "effect": "permit", "subject_role": "customer", "purpose": "service",
             "modality": "text", "basis": "legitimate_interest", "reference": "GDPR Art 6(1)(f)"},
        ],
    },
}  # fmt: skip

# system, kpi, target, direction, statement of the organisation's mission
GOALS: tuple[tuple[str, str, str, str, str], ...] = (
    ("linde-chat", "csat", "0.63", "at_least", "Every customer feels heard, by a person when it matters."),
    ("linde-chat", "accuracy", "0.84", "at_least", "We only act on an emotion that we read well."),
    ("linde-chat", "nps", "10", "at_least", "Customers recommend us because we are there for them."),
    ("linde-chat", "pets_ut", "55", "at_least", "People understand what our technology does and trust it."),
    ("call-tone", "accuracy", "0.80", "at_least", "We only act on an emotion that we read well."),
    ("call-tone", "csat", "0.63", "at_least", "Every customer feels heard, by a person when it matters."),
    ("well-being", "accuracy", "0.80", "at_least", "We only act on an emotion that we read well."),
)

# system, flows asked for, what the board is told: summary, alternatives, doubts, who was consulted
REQUESTS: tuple[dict[str, Any], ...] = (
    {
        "system": "linde-chat", "flows": ("customer-messages",),
        "summary": "The chatbot notices anger and sadness in messages, so that a colleague takes over sooner.",
        "alternatives": "A button 'I want a person' alone: it stays, and is used by one in twelve.",
        "doubts": "It reads Turkish less well than Dutch.", "consulted": "Client council, 14 people who called to complain",
        "condition": "Show the accuracy for Turkish to the board after half a year.",
        "dissent": "hr",
    },
    {
        "system": "call-tone", "flows": ("customer-voice",),
        "summary": "The customer's tone of voice gives our colleague a sign that help is near. Our colleague's own voice is masked.",
        "alternatives": "A team leader who listens in: dearer, and customers dislike it.",
        "doubts": "Tone differs between cultures.", "consulted": "Works council; contact-centre teams",
        "condition": "Keep the colleague's channel masked, shown by a monthly test.",
        "dissent": "technology",
        "questions": "How do we know that our colleague's own voice is masked before it reaches the vendor?",
        "answer": "The exchange mixes it out; the log of the test calls is added to the file.",
    },
    {
        "system": "well-being", "flows": ("check-ins",),
        "summary": "Voluntary check-ins in writing become figures about teams of ten people and more.",
        "alternatives": "A yearly survey: too late for those who need help now.",
        "doubts": "People may write what they think is wanted.", "consulted": "Works council (consent with conditions)",
        "condition": "Works council sees the list of teams that are shown, each quarter.", "dissent": "",
        "recused": {"hr": "I helped to choose this product, so my deputy speaks for HR."},
        "minutes": "## Well-being check-ins\n\n- HR steps back and its deputy takes the seat.\n- Data protection: ten people and more, "
        "also when a team shrinks in the year.\n- Agreed: the works council sees **each quarter** which teams are shown.",
    },
    {
        "system": "leader-coach", "flows": ("practice-writing",),
        "summary": "Team leaders practise hard conversations in writing; only they see the feedback on tone.",
        "alternatives": "Practice with a colleague: stays on offer.", "doubts": "A lexicon misses irony.",
        "consulted": "Works council; eleven team leaders", "condition": "", "dissent": "",
    },
)  # fmt: skip
REASONS = {
    "approve": "The file is complete, the flow is lawful, and people are told before it starts.",
    "conditions": "Useful for people, once the condition below is met.",
    "reject": "The doubts in the file are not answered for those whom it reads least well.",
}
WAITING: dict[str, Any] = {
    "system": "claims-mail", "flows": ("letters",),
    "summary": "Letters of people in distress are answered first. May this be used from January?",
    "alternatives": "First come, first served, as now.",
    "doubts": "Who writes calmly about a great loss may wait longer.", "consulted": "Client council; claims handlers",
}  # fmt: skip

# system, audit kind, targets, every
PLANS: tuple[tuple[str, str, dict[str, str], str], ...] = (
    ("linde-chat", "sentiment_accuracy", {"accuracy": "0.84", "macro_f1": "0.80"}, "weekly"),
    ("call-tone", "sentiment_accuracy", {"accuracy": "0.80", "macro_f1": "0.75"}, "weekly"),
    ("leader-coach", "sentiment_accuracy", {"accuracy": "0.70", "macro_f1": "0.65"}, "weekly"),
    ("well-being", "sentiment_accuracy", {"accuracy": "0.80", "macro_f1": "0.75"}, "monthly"),
    ("linde-chat", "disclosure", {}, "monthly"),
    ("linde-chat", "declared_observed", {}, "monthly"),
    ("linde-chat", "retention", {}, "monthly"),
    ("call-tone", "disclosure", {}, "monthly"),
    ("call-tone", "retention", {}, "monthly"),
    ("leader-coach", "consent_coverage", {}, "monthly"),
    ("leader-coach", "retention", {}, "monthly"),
)

# system -> items; the amount is per month, `first` and `growth` shape the year
VALUES: dict[str, tuple[dict[str, Any], ...]] = {
    "linde-chat": (
        {"item": "licence", "name": "Licence and computing", "kind": "cost", "category": "licence", "amount": 9_400,
         "once": 38_000, "source": "contract 2025-114"},
        {"item": "oversight", "name": "Human oversight and audits", "kind": "cost", "category": "oversight",
         "amount": 4_100, "spread": "pert", "low": "0.8", "likely": "1", "high": "1.5", "source": "time sheets"},
        {"item": "complaints", "name": "Complaints handled", "kind": "cost", "category": "complaint", "amount": 650,
         "spread": "pert", "low": "0.5", "likely": "1", "high": "2.5", "source": "complaints register"},
        {"item": "shorter-calls", "name": "Questions solved in chat", "kind": "benefit", "category": "service",
         "amount": 16_500, "growth": 0.03, "spread": "pert", "low": "0.6", "likely": "1", "high": "1.3",
         "attribution": "randomised", "fewer_hours": True, "source": "holdout of 10 % of visitors"},
        {"item": "customers-stay", "name": "Customers who stay", "kind": "benefit", "category": "retention",
         "amount": 6_200, "growth": 0.02, "spread": "pert", "low": "0.2", "likely": "1", "high": "1.6",
         "attribution": "difference_in_differences", "source": "teams with and without, 2026"},
        {"item": "goodwill", "name": "Goodwill", "kind": "benefit", "category": "other", "amount": 3_000, "cash": False,
         "spread": "triangular", "low": "0", "likely": "1", "high": "2", "attribution": "before_after",
         "source": "estimate of marketing"},
    ),
    "call-tone": (
        {"item": "licence", "name": "Licence and computing", "kind": "cost", "category": "licence", "amount": 7_800,
         "once": 22_000, "source": "contract 2025-131"},
        {"item": "oversight", "name": "Human oversight and audits", "kind": "cost", "category": "oversight",
         "amount": 3_600, "spread": "pert", "low": "0.8", "likely": "1", "high": "1.6", "source": "time sheets"},
        {"item": "handling", "name": "Shorter handling", "kind": "benefit", "category": "service", "amount": 12_500,
         "spread": "pert", "low": "0.4", "likely": "1", "high": "1.4", "attribution": "difference_in_differences",
         "fewer_hours": True, "source": "teams with and without, 2026"},
    ),
    "well-being": (
        {"item": "licence", "name": "Licence", "kind": "cost", "category": "licence", "amount": 2_100, "once": 4_000,
         "source": "contract 2025-140"},
        {"item": "absence", "name": "Fewer days lost", "kind": "benefit", "category": "wellbeing", "amount": 4_800,
         "spread": "lognormal", "low": "0.4", "likely": "1", "high": "2", "attribution": "before_after",
         "source": "absence figures of HR"},
    ),
}  # fmt: skip

# system -> what the works council was asked about its flows that touch workers, and what it answered
COUNCIL: dict[str, dict[str, Any]] = {
    "well-being": {
        "flows": ("check-ins",), "question": "May colleagues who want to write how they are, for figures about teams of ten and more?",
        "documents": "Request WC-2025-18\nDPIA of 3 November 2025\nThe notice to colleagues", "act": "consent_if",
        "reason": "No figure about fewer than ten people; each quarter we see which teams are shown.",
    },
    "leader-coach": {
        "flows": ("practice-writing",), "question": "May team leaders practise in writing, with feedback that only they see?",
        "documents": "Request WC-2025-21\nDescription of the data flow", "act": "consent", "reason": "",
    },
}  # fmt: skip
# what the board said about the file that waits
COMMENTS: tuple[tuple[str, str], ...] = (
    (
        "legal",
        "The duty to tell people is met by the notice. **Open**: who tells those who only send a letter?",
    ),
    ("owner", "The confirmation of receipt says so, on its first line."),
    (
        "technology",
        "I would like to see:\n\n- accuracy on short letters\n- what happens with a letter in Turkish",
    ),
)
MINUTES = (
    "## Claims Mail, first reading\n\n- Legal: notice in the confirmation of receipt.\n- Technology: accuracy on short letters "
    "to be shown.\n- The board agrees that *first come, first served* stays for whoever asks for it."
)
BOARD: dict[str, Any] = {
    "name": "Ethics board",
    "chairs": "ethics",
    "secretary": "legal",
    "deputies": {"hr": "hr-manager"},
    "delegates": "Small files need not wait for a meeting; they are reported in the next one.",
    "seats": (
        # discipline, person, required, advisory
        ("ethics", "chair", True, False),
        ("legal", "legal", True, False),
        ("data_protection", "dpo", True, False),
        ("technology", "technology", False, False),
        ("hr", "hr", False, False),
        ("works_council", "council", False, False),
        ("affected_business", "service", False, True),
    ),
}
