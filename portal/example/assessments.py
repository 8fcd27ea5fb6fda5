"""What the example organisation assessed: answers by system and kind, who signs, what is said in the threads. Pure data."""

from typing import Any

_RISKS = [
    {"risk": "Somebody is read wrongly and waits longer", "likelihood": "possible", "severity": "minimal",
     "measure": "The button 'I want a person' is always there; a reading never closes a conversation", "residual": "low"},
    {"risk": "A mood ends up in the customer file", "likelihood": "remote", "severity": "significant",
     "measure": "Only counts leave the system; retention audit each month", "residual": "low"},
]  # fmt: skip
_RIGHTS = (
    "A notice before the first message, in Dutch and English. *No* is a full answer: the service works all the same. "
    "Objections reach the data protection officer within a month."
)

LINDE_CHAT_DPIA: dict[str, Any] = {
    "criteria": ["scoring", "sensitive", "large_scale", "innovative"],
    "retention": "The chat keeps messages for 30 days, at our own host in the Netherlands. This portal keeps no words.",
    "basis": "consent",
    "imbalance": "A customer who says no gets the same chat and the same colleagues; nothing is cheaper or faster with a yes.",
    "alternatives": "A button alone: it stays, and one in twelve uses it. People who are upset rarely look for it.",
    "minimal": "Four labels of one message; no score of a person, no history across conversations.",
    "rights": _RIGHTS,
    "risk_rows": [
        *_RISKS,
        {"risk": "Turkish is read worse than Dutch", "likelihood": "probable", "severity": "minimal",
         "measure": "Accuracy by language each week; Turkish goes to a colleague sooner", "residual": "medium"},
    ],
    "security": "Encrypted in transit and at rest; keys with two people; a penetration test each year.",
    "officer_advice": "The officer advised to leave Turkish out until 400 messages are labelled. They are, since October.",
    "people_asked": "yes",
    "people_said": "The client council and 14 people who had called to complain: *tell us before, and let a person decide*.",
    "residual": "medium",
    "acceptable": "What remains is a slower answer for some; a person always follows, and the weekly audit would show it.",
    "review_when": "Another model, another language, another consequence than handing over, or accuracy below its target.",
}  # fmt: skip

CALL_TONE_DPIA: dict[str, Any] = {
    "criteria": ["scoring", "sensitive", "large_scale", "vulnerable", "innovative"],
    "retention": "Sound is read in memory and gone when the call ends. The vendor keeps nothing (contract, annex 2).",
    "basis": "consent",
    "imbalance": "Asked before the call begins; who says no is helped by the same people in the same order.",
    "alternatives": "A team leader who listens in: dearer, and customers dislike it.",
    "minimal": "One sign on one screen during the call; our colleague's own channel is masked before the analysis.",
    "rights": _RIGHTS,
    "risk_rows": [
        *_RISKS,
        {"risk": "Tone differs between cultures: calm people are read as angry", "likelihood": "possible",
         "severity": "significant", "measure": "Error rates by language and age; the sign says 'perhaps', never a name",
         "residual": "medium"},
        {"risk": "The voice of a colleague is read after all", "likelihood": "remote", "severity": "severe",
         "measure": "Masked channel, tested each month; a reading of a colleague stops the flow at once", "residual": "low"},
    ],
    "security": "The vendor's module runs in our own data centre; no way out to the internet.",
    "officer_advice": "Mask the colleague's channel in hardware, not in software. Done in the exchange of the contact centre.",
    "people_asked": "yes",
    "people_said": "Client council: agreed with the spoken notice. Works council: agreed as long as no colleague is read.",
    "residual": "medium",
    "acceptable": "A wrong sign costs a glance; help that comes in time is worth it to people in distress.",
    "review_when": "A new model of the vendor, another language, or any wish to read colleagues.",
}  # fmt: skip

CALL_TONE_FRIA: dict[str, Any] = {"public_body": "no", "general_interest": "no", "annex_iii_5": "neither"}
CALL_TONE_FRIA_REASON = (
    "De Linde is a private insurer. Damage insurance by telephone is no public service, and the tone of a call plays no part "
    "in the price or acceptance of life or health insurance (Annex III, 5(c)); the system cannot reach those files. If that "
    "changes, this assessment is made anew."
)

CALL_TONE_BIAS: dict[str, Any] = {
    "groups": [
        {"group": "People over 75", "limit": "Slower, lower voices are read as sad", "source": "Vendor's model card, 2025"},
        {"group": "Speakers of Dutch as a second language", "limit": "8 points more 'anger'", "source": "Own test, 310 calls"},
        {"group": "People with a speech impairment", "limit": "Not known", "source": "Vendor, asked in September"},
    ],
    "training": "By the vendor on 60,000 acted and 9,000 real calls, Dutch and English, ages 20 to 65.",
    "represented": "partly",
    "gaps": "Nobody over 65 and nobody who stammers is in it. 900 own calls are labelled by two people, a third of them over 65.",
    "special": "no",
    "limits": [
        {"metric": "Accuracy", "by": "all", "limit": "at least 0.80", "least_n": "400"},
        {"metric": "Difference in false 'anger'", "by": "Dutch and English; ages", "limit": "at most 0.05", "least_n": "100"},
    ],
    "set_on": "2025-10-06",
    "risks": [
        {"risk": "An older customer is handed over for no reason", "likelihood": "possible", "severity": "minimal",
         "measure": "The colleague decides; the sign can be closed", "residual": "low"},
    ],
    "exceeded": "The sign is off for that group until the cause is found; the board hears of it within a week.",
}  # fmt: skip

CALL_TONE_OVERSIGHT: dict[str, Any] = {
    "overseers": [
        {"person": "@supervisor", "competence": "Module 'What tone tells', drill of September", "hours": "Working days 8-17",
         "may_stop": "yes"},
        {"person": "@service", "competence": "Module 'What tone tells'", "hours": "Evenings and Saturdays", "may_stop": "yes"},
    ],
    "deputy": "@manager",
    "support": "Two hours a week each, a line to the vendor, and the director's written backing to stop without asking.",
    "stop_how": "One click in this portal or one call to the exchange: off within a minute, for all calls.",
    "fallback": "Calls go on as before 2025: the colleague listens, the team leader walks in.",
    "override": "The colleague closes the sign; why is asked of one in twenty.",
    "points": [
        {"when": "The customer mentions a death, illness or debt", "who": "The colleague, without the sign", "within": "at once"},
        {"when": "Two signs of anger in one call", "who": "Team leader", "within": "3 minutes"},
    ],
    "sensitive": "Claims about injury or death, complaints, and anyone under 18.",
    "automation": "The sign says 'perhaps' and why; each week a team listens back to five calls in which it was wrong.",
    "understanding": "The module shows the error rates of the last quarter, by language and age.",
    "watched": "Closed signs, hand-overs, complaints, and calls in which the sign came too late.",
    "every": "quarterly",
    "first_drill": "2025-12-09",
    "drill_how": "Off during a busy hour, without warning the teams. It went well when no call is lost and it is off in a minute.",
}  # fmt: skip

WELL_BEING_DPIA: dict[str, Any] = {
    "criteria": ["sensitive", "vulnerable", "innovative"],
    "retention": "What is written becomes a number at once and is gone. Numbers per team of ten and more, two years.",
    "basis": "legitimate",
    "alternatives": "A yearly survey: too late for those who need help now.",
    "minimal": "No answer leaves the check-in; teams under ten are not shown, also not as a difference between two figures.",
    "rights": "Taking part is free, weekly, without a name; nobody can see who did. Questions go to the works council.",
    "risk_rows": [
        {"risk": "A manager guesses who wrote what", "likelihood": "possible", "severity": "significant",
         "measure": "Privacy floor of ten; figures a month late", "residual": "low"},
        {"risk": "People feel they must take part", "likelihood": "possible", "severity": "significant",
         "measure": "No list of who took part exists; managers may not ask", "residual": "low"},
    ],
    "security": "Runs apart from the personnel system; no key joins the two.",
    "officer_advice": "Show no figure for teams that lost or gained one person since the last one. Built in.",
    "people_asked": "yes",
    "people_said": "Works council: consent with conditions; the list of teams each quarter.",
    "residual": "low",
    "acceptable": "No figure about one person exists anywhere.",
    "review_when": "Teams under ten, a figure about one person, or a use in decisions about work.",
}  # fmt: skip

LEADER_COACH_DPIA: dict[str, Any] = {
    "criteria": ["sensitive", "vulnerable", "innovative"],
    "retention": "Nothing: the practice is gone when the window closes. The person may keep the feedback.",
    "basis": "legitimate",
    "alternatives": "Practice with an actor: good, and dear; it stays the second step.",
    "minimal": "The tone of one's own sentences, shown to oneself.",
    "rights": "Practising is free and unseen. Who wants a person gets the actor.",
    "risk_rows": [
        {"risk": "Somebody else learns how a person practised", "likelihood": "remote", "severity": "significant",
         "measure": "No account of others can open it; no path to HR, shown by a test", "residual": "low"},
    ],
    "security": "Runs in the browser session; nothing is written down.",
    "officer_advice": "Say on the first page that nobody sees it. Done.",
    "people_asked": "yes",
    "people_said": "Twelve team leaders tried it; the works council has no objection as long as nobody sees the results.",
    "residual": "low",
    "acceptable": "Only the person sees the result, and nothing follows from it.",
    "review_when": "Any result that leaves the person's own screen.",
}  # fmt: skip

CLAIMS_MAIL_DPIA: dict[str, Any] = {
    **LINDE_CHAT_DPIA,
    "retention": "Letters stay in the claims file as before; the reading is dropped when the letter is answered.",
    "imbalance": "Who claims needs us: a no is asked for on the form and changes nothing in the claim.",
    "alternatives": "First come, first served, as now.",
    "risk_rows": [
        {"risk": "Who writes calmly about a great loss waits longer", "likelihood": "possible", "severity": "significant",
         "measure": "Nobody waits longer than ten days, whatever is read; the oldest letters are looked at each Monday", "residual": "medium"},
    ],
    "officer_advice": "Look at the oldest letter of every pile each Monday. It is in the measures now.",
    "people_said": "Client council: fair, if the ten days hold for all.",
}  # fmt: skip

# system, kind, answers, why it is not owed (where it is not), why the officer signed
ASSESSMENTS: tuple[dict[str, Any], ...] = (
    {"system": "linde-chat", "kind": "dpia", "answers": LINDE_CHAT_DPIA,
     "reason": "Complete, and the people concerned were heard. Look again when Turkish grows."},
    {"system": "call-tone", "kind": "dpia", "answers": CALL_TONE_DPIA,
     "reason": "The masked channel is what makes this lawful; I saw the test."},
    {"system": "call-tone", "kind": "fria", "answers": CALL_TONE_FRIA, "not_owed": CALL_TONE_FRIA_REASON,
     "reason": "Agreed: none of the three holds for this use."},
    {"system": "call-tone", "kind": "bias", "answers": CALL_TONE_BIAS,
     "reason": "The thresholds were set before the first test. People who stammer stay an open point."},
    {"system": "call-tone", "kind": "oversight", "answers": CALL_TONE_OVERSIGHT,
     "reason": "Named people, who may stop it alone, and a drill with a date."},
    {"system": "well-being", "kind": "dpia", "answers": WELL_BEING_DPIA,
     "reason": "No figure about one person; the works council sees the list of teams."},
    {"system": "leader-coach", "kind": "dpia", "answers": LEADER_COACH_DPIA,
     "reason": "Nobody but the person sees anything. I tried to."},
    {"system": "claims-mail", "kind": "dpia", "answers": CLAIMS_MAIL_DPIA, "recent": True,
     "reason": "The ten days hold for everybody, and somebody watches them."},
)  # fmt: skip

# what is open now: the next version of a signed one in review, and a plan that no law asks for as a draft
IN_REVIEW: dict[str, Any] = {
    "system": "call-tone", "kind": "bias",
    "answers": {
        "represented": "well",
        "training": "As before, and since spring 2,400 of our own calls, labelled by two people each.",
    },
}  # fmt: skip
DRAFT: dict[str, Any] = {
    "system": "leader-coach", "kind": "oversight",
    "answers": {
        "overseers": [{"person": "@hr-owner", "competence": "Made the practice texts", "hours": "Working days", "may_stop": "yes"}],
        "stop_how": "The page is closed for everybody within an hour.",
    },
}  # fmt: skip
THREAD = (
    "call-tone", "bias", "groups",
    "Is **speech impairment** still 'not known'? The vendor was asked in September last year.",
    "It is. We asked the association of people who stammer; twelve members will call us in January.",
)  # fmt: skip
ATTACHED = (
    "call-tone", "oversight", "drill-2025-12-09.md",
    "# Drill of 9 December 2025\n\nOff at 10:42 without warning, off for all calls at 10:42:38. No call was lost. "
    "Two colleagues looked for the sign; the module now says so.\n",
)  # fmt: skip
