"""The cast of the example organisation: De Linde, a Dutch insurer that exists only here. Pure data."""

from dataclasses import dataclass

PASSWORD = "linden-blossom-in-june"  # noqa: S105 - the example's own; make_example refuses in production
DOMAIN = "delinde.example"


@dataclass(frozen=True)
class Person:
    """One member of the cast: sign-in name, full name, role, the unit the role is granted on, language."""

    key: str
    name: str
    role: str
    unit: str
    shown_as: str
    language: str = "en-gb"
    days: int | None = None  # the grant ends after so many days (external auditors)

    @property
    def email(self) -> str:
        """The sign-in address."""
        return f"{self.key}@{DOMAIN}"


# slug, name, parent
UNITS = (
    ("de-linde", "De Linde", None),
    ("customer-service", "Customer Service", "de-linde"),
    ("contact-centre", "Contact Centre", "customer-service"),
    ("human-resources", "Human Resources", "de-linde"),
    ("data-technology", "Data & Technology", "de-linde"),
)

CAST = (
    Person("admin", "Anouk Visser", "administrator", "de-linde", "administrator"),
    Person("owner", "Daan de Boer", "system_owner", "customer-service", "system owner"),
    Person("hr-owner", "Noor Hendriks", "system_owner", "human-resources", "system owner (HR)"),
    Person("chair", "Fatima El Amrani", "board_chair", "de-linde", "chair of the ethics board"),
    Person("legal", "Joost Mulder", "board_member", "de-linde", "board member (legal)"),
    Person("technology", "Mei Lin Chen", "board_member", "de-linde", "board member (technology)"),
    Person("hr", "Karin Postma", "board_member", "de-linde", "board member (HR)"),
    Person("service", "Bram Willems", "board_member", "customer-service", "board member (affected business)"),
    Person("council", "Ruben Jansen", "works_council", "de-linde", "works council", "nl"),
    Person("dpo", "Sanne Bakker", "data_protection_officer", "de-linde", "data protection officer", "nl"),
    Person("manager", "Peter van Dijk", "manager", "customer-service", "manager"),
    Person("hr-manager", "Lieke Smits", "manager", "human-resources", "manager (HR)"),
    Person("auditor", "Ingrid Smit", "auditor", "de-linde", "auditor"),
    Person("external", "Tom Verhoeven", "external_auditor", "customer-service", "external auditor", days=90),
    Person("supervisor", "Yusuf Kaya", "supervisor", "customer-service", "supervisor"),
)

# what `make demo` prints: (who, e-mail)
SIGN_INS = tuple((person.shown_as, person.email) for person in CAST)
