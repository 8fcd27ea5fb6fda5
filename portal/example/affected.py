"""What the public and one affected person see in the example organisation: pages, a personal link, what they asked."""

from pathlib import Path

from django.conf import settings
from django.db.models import Count
from django.urls import reverse

from governance.consent.pseudonyms import keyed
from governance.holding import holders
from governance.registry.models import System
from governance.transparency import acts, links, publishing, selectors
from governance.transparency.models import PersonalLink
from governance.transparency.rules import MOST_LINK_DAYS
from metrics.ingest.models import Interaction
from portal.accounts.models import User
from portal.example import history, people

CONTACT = {"contact_name": "Sanne Bakker", "contact_email": f"privacy@{people.DOMAIN}"}
PAGES: dict[str, dict[str, str]] = {
    "linde-chat": {
        "summary_en": "Our chatbot reads from your words whether you are angry or sad. So you reach a "
            "colleague sooner.",
        "summary_nl": "Onze chatbot leest uit uw woorden of u boos of verdrietig bent. Zo krijgt u sneller "
            "een collega.",
        "why_en": "People who are upset should not have to wait. The chatbot notices it and calls a colleague.",
        "why_nl": "Wie boos of verdrietig is, hoort niet te wachten. De chatbot merkt het en roept een collega.",
        "human_en": "A colleague takes over when you are upset, or when you ask. A colleague checks part "
            "of the readings.",
        "human_nl": "Een collega neemt het over als u boos bent, of als u erom vraagt. Een collega "
            "controleert een deel.",
        "objection_en": "Say no in the chat, or write to us. The chat goes on without reading your mood.",
        "objection_nl": "Zeg nee in de chat, of schrijf ons. De chat werkt dan ook, zonder uw stemming te lezen.",
    },
    "call-tone": {
        "summary_en": "When you call us, a computer listens to your tone, to help our colleague. It keeps no sound.",
        "summary_nl": "Als u ons belt, luistert een computer naar uw toon, om onze collega te helpen. Hij "
            "bewaart geen geluid.",
        "why_en": "Our colleague sees sooner that a conversation is hard, and can take more time.",
        "why_nl": "Onze collega ziet eerder dat een gesprek moeilijk is, en kan meer tijd nemen.",
        "human_en": "A colleague talks with you all the time and decides what to do. The computer decides nothing.",
        "human_nl": "U praat steeds met een collega. Die besluit wat er gebeurt. De computer besluit niets.",
        "objection_en": "Say no before the conversation begins, or write to us.",
        "objection_nl": "Zeg nee voordat het gesprek begint, of schrijf ons.",
    },
}  # fmt: skip


def link_file() -> Path:
    """Where the address of the example's personal page lies."""
    return Path(settings.DATA_DIR) / "keys" / "example-personal-page"


def show() -> str:
    """Publish, make a personal link, contest a reading, ask for a copy; the address of the page, '' if made before."""
    officer = User.objects.get(email=f"dpo@{people.DOMAIN}")
    for slug, words in PAGES.items():
        publishing.publish(system=System.objects.get(slug=slug), values=words | CONTACT, by=officer)
    if PersonalLink.objects.exists():
        return ""
    system = System.objects.get(slug=history.CHAT.system)
    name = _somebody(system)
    if not name:
        return ""
    link, token = links.make_link(people=[(system, name)], by=officer, language="nl", days=MOST_LINK_DAYS)
    person = selectors.people_of(link)[0]
    _count, latest = holders.readings(person, (0, 1))
    acts.ask(
        link=link, person=person, kind="contest", ref=latest[0].ref, text="Ik was niet boos, ik had haast."
    )
    acts.ask(link=link, person=person, kind="access", text="Ik wil graag weten wat u van mij bewaart.")
    address = f"{settings.BASE_URL.rstrip('/')}{reverse('my_page', args=[token])}"
    link_file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    link_file().touch(mode=0o600)
    link_file().write_text(address, encoding="utf-8")
    return address


def _somebody(system: System) -> str:
    """The name of a customer of whom something was read: one question for the first few hundred."""
    known = keyed(system.pk)
    names = {known.pseudonym(name): name for name in (history.person(history.CHAT, n) for n in range(400))}
    rows = Interaction.objects.filter(system_id=system.pk, subject__in=list(names), predicted__isnull=False)
    found = rows.values("subject").annotate(n=Count("source_id")).order_by("-n", "subject").first()
    return names[found["subject"]] if found else ""
