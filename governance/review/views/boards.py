"""Boards: the list, one board with its seats and members, and changing them."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry.pages import Crumbs, FormPage
from governance.review import boards, rules, selectors, terms
from governance.review.board_forms import (
    KEPT,
    BoardEditForm,
    BoardForm,
    BoardRuleForm,
    MemberForm,
    SeatForm,
    TermForm,
)
from governance.review.forms import ReasonForm
from governance.review.models import Board, DeploymentRequest, Membership, Seat
from governance.review.views.stale import StalePage
from portal.access.selectors import can, has_anywhere, require
from portal.ledger.selectors import history
from portal.web.views import SignedInMixin


class BoardList(SignedInMixin, View):
    """The boards and who sits on them."""

    perm = "view_register"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        members = Prefetch("seats__memberships", Membership.objects.select_related("user"))
        rows = selectors.visible_boards(request.user).prefetch_related(members)
        context = {
            "boards": [{"board": b, "seats": seats_of(b)} for b in rows],
            "may_manage": has_anywhere(request.user, "manage_board"),
        }
        return render(request, "review/board_list.html", context)


class BoardDetail(SignedInMixin, View):
    """One board: seats, members, rules, history."""

    perm = "view_register"

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page of a board."""
        members = Prefetch("seats__memberships", Membership.objects.select_related("user"))
        rows = selectors.visible_boards(request.user).prefetch_related("rules", members)
        board = get_object_or_404(rows, pk=pk)
        seats = seats_of(board)
        context = {
            "board": board,
            "seats": seats,
            "empty": [row for row in seats if row["member"] is None],
            "rules": _rules_of(board),
            "reports": selectors.to_report(board) if can(request.user, "view_review", board.unit) else [],
            "told": _told(board) if can(request.user, "view_review", board.unit) else [],
            "may_report": request.user.pk in selectors.secretaries(board, timezone.localdate())
            or can(request.user, "chair", board.unit),
            "events": history(board.subject),
            "may_manage": can(request.user, "manage_board", board.unit),
        }
        return render(request, "review/board_detail.html", context)


def _rules_of(board: Board) -> list[dict[str, Any]]:
    """What a decision takes, per class of risk, the heaviest first."""
    return [
        {
            "risk": risk,
            "rule": rule,
            "majority": rules.Majority(rule.majority),
            "required": [rules.Discipline(name) for name in rule.required],
        }
        for risk in rules.Risk
        for rule in board.rules.all()
        if rule.risk == risk.value
    ]


def _told(board: Board) -> QuerySet[DeploymentRequest]:
    rows = board.requests.filter(reported_at__isnull=False).select_related("system", "version")
    return rows.order_by("-reported_on")[:10]


def seats_of(board: Board) -> list[dict[str, Any]]:
    """Each seat with its current member and deputy."""
    today = timezone.localdate()
    rows = []
    for seat in board.seats.all():
        current = [
            m
            for m in seat.memberships.all()
            if m.starts_on <= today and (m.ends_on is None or m.ends_on >= today)
        ]
        ended = [
            m.ends_on for m in seat.memberships.all() if m.ends_on and m.ends_on < today and not m.deputy
        ]
        rows.append(
            {
                "seat": seat,
                "discipline": rules.Discipline(seat.discipline),
                "member": next((m for m in current if not m.deputy), None),
                "deputy": next((m for m in current if m.deputy), None),
                "ended": max(ended, default=None),
                "coming": [m for m in seat.memberships.all() if m.starts_on > today],
            }
        )
    return rows


class BoardAdd(FormPage):
    """Set up a board."""

    perm = "manage_board"
    title = _("Set up a board")

    def form(self, data: Any = None) -> BoardForm:
        """With the units this person manages."""
        return BoardForm(data, user=self.request.user)

    def crumbs(self) -> Crumbs:
        """Below the list."""
        return [(gettext("Boards"), reverse("board_list"))]

    def act(self, form: BoardForm) -> str:
        """Set it up."""
        return boards.create_board(by=self.request.user, **form.made()).get_absolute_url()


class _BoardAct(FormPage):
    """A form about one board that the person manages."""

    perm = "manage_board"
    board: Board

    def find_board(self, **lookup: Any) -> Board:
        """The board, if this person manages it."""
        board = get_object_or_404(selectors.visible_boards(self.request.user), **lookup)
        require(self.request.user, "manage_board", board.unit)
        return board

    def load(self) -> None:
        """The board of the address."""
        self.board = self.find_board(pk=self.kwargs["pk"])

    def crumbs(self) -> Crumbs:
        """Below the board."""
        return [(gettext("Boards"), reverse("board_list")), (self.board.name, self.board.get_absolute_url())]


class BoardEdit(StalePage, _BoardAct):
    """Change how a board works."""

    title = _("Change how the board works")

    def form(self, data: Any = None) -> BoardEditForm:
        """With what holds now."""
        initial = {name: getattr(self.board, name) for name in (*boards.SETTINGS, "row_version")}
        return BoardEditForm(data, initial=initial)

    def act(self, form: BoardEditForm) -> str:
        """Save."""
        boards.change_board(board=self.board, by=self.request.user, **form.based())
        return self.board.get_absolute_url()


class BoardRuleEdit(StalePage, _BoardAct):
    """Set what a decision takes for one class of risk."""

    title = _("Quorum, majority and required disciplines")
    rule: Any

    def load(self) -> None:
        """The board and the rule of the address."""
        super().load()
        self.rule = get_object_or_404(self.board.rules, risk=self.kwargs["risk"])

    def form(self, data: Any = None) -> BoardRuleForm:
        """With what holds now."""
        voting = self.board.seats.filter(advisory=False).values_list("discipline", flat=True)
        initial = {name: getattr(self.rule, name) for name in ("quorum", "majority", "required")}
        initial["row_version"] = self.board.row_version
        return BoardRuleForm(data, risk=self.rule.risk, seats=list(voting), initial=initial)

    def extra(self) -> dict[str, Any]:
        """Which class, and what it does not touch."""
        return {"note": f"{gettext(rules.Risk(self.rule.risk).sentence)}. {KEPT}"}

    def act(self, form: BoardRuleForm) -> str:
        """Set it."""
        boards.set_rule(board=self.board, risk=self.rule.risk, by=self.request.user, **form.based())
        return self.board.get_absolute_url()


class SecretaryName(SignedInMixin, View):
    """Say that a member keeps the minutes, or no longer."""

    perm = "manage_board"

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Turn it round."""
        rows = Membership.objects.select_related("seat__board__unit")
        found = get_object_or_404(rows, pk=pk)
        board = get_object_or_404(selectors.visible_boards(request.user), pk=found.seat.board_id)
        require(request.user, "manage_board", board.unit)
        terms.name_secretary(membership=found, secretary=not found.secretary, by=request.user)
        return HttpResponseRedirect(board.get_absolute_url())


class SeatAdd(_BoardAct):
    """Add a seat."""

    form_class = SeatForm
    title = _("Add a seat")

    def extra(self) -> dict[str, Any]:
        """The rule of the affected business."""
        return {"note": _("The affected business always advises and never votes.")}

    def act(self, form: SeatForm) -> str:
        """Add it."""
        boards.add_seat(board=self.board, by=self.request.user, **form.made())
        return self.board.get_absolute_url()


class MemberAdd(_BoardAct):
    """Put a person on a seat."""

    form_class = MemberForm
    title = _("Appoint a member")
    seat: Seat

    def load(self) -> None:
        """The seat of the address and its board."""
        self.seat = get_object_or_404(Seat.objects.select_related("board__unit"), pk=self.kwargs["pk"])
        self.board = self.find_board(pk=self.seat.board_id)

    def extra(self) -> dict[str, Any]:
        """Which seat."""
        return {"note": gettext(rules.Discipline(self.seat.discipline).sentence)}

    def act(self, form: MemberForm) -> str:
        """Appoint."""
        terms.appoint(seat=self.seat, by=self.request.user, **form.made())
        return self.board.get_absolute_url()


class _MemberAct(_BoardAct):
    """A form about one membership."""

    membership: Membership

    def load(self) -> None:
        """The membership of the address and its board."""
        rows = Membership.objects.select_related("seat__board__unit", "user")
        self.membership = get_object_or_404(rows, pk=self.kwargs["pk"])
        self.board = self.find_board(pk=self.membership.seat.board_id)

    def extra(self) -> dict[str, Any]:
        """Who, on which seat."""
        seat = gettext(rules.Discipline(self.membership.seat.discipline).sentence)
        return {"note": f"{seat}: {self.membership.user.display}"}


class MemberTerm(_MemberAct):
    """Move the last day of a term."""

    title = _("Change the term")

    def form(self, data: Any = None) -> TermForm:
        """With the day that is set now."""
        return TermForm(data, initial={"ends_on": self.membership.ends_on})

    def act(self, form: TermForm) -> str:
        """Move it."""
        terms.change_term(membership=self.membership, by=self.request.user, **form.cleaned_data)
        return self.board.get_absolute_url()


class MemberEnd(_MemberAct):
    """End a membership."""

    form_class = ReasonForm
    title = _("End this membership")
    submit = _("End")
    danger = True

    def act(self, form: ReasonForm) -> str:
        """End it."""
        terms.dismiss(membership=self.membership, by=self.request.user, **form.cleaned_data)
        return self.board.get_absolute_url()
