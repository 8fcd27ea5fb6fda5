"""Boards: the list, one board with its seats and members, and changing them."""

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry.pages import Crumbs, FormPage
from governance.review import boards, rules, selectors
from governance.review.forms import BoardForm, MemberForm, ReasonForm, SeatForm
from governance.review.models import Board, Membership, Seat
from portal.access.selectors import can, has_anywhere, require
from portal.ledger.selectors import history
from portal.web.views import SignedInMixin


class BoardList(SignedInMixin, View):
    """The boards and who sits on them."""

    perm = "view_register"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        members = Prefetch("seats__memberships", Membership.objects.select_related("user"))
        rows = selectors.visible_boards(request.user).distinct().prefetch_related(members)
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
        board = get_object_or_404(selectors.visible_boards(request.user).distinct(), pk=pk)
        context = {
            "board": board,
            "seats": seats_of(board),
            "majority": rules.Majority(board.majority),
            "majority_high_risk": rules.Majority(board.majority_high_risk),
            "events": history(board.subject),
            "may_manage": can(request.user, "manage_board", board.unit),
        }
        return render(request, "review/board_detail.html", context)


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
        rows.append(
            {
                "seat": seat,
                "discipline": rules.Discipline(seat.discipline),
                "member": next((m for m in current if not m.deputy), None),
                "deputy": next((m for m in current if m.deputy), None),
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
        return boards.create_board(by=self.request.user, **form.cleaned_data).get_absolute_url()


class _BoardAct(FormPage):
    """A form about one board that the person manages."""

    perm = "manage_board"
    board: Board

    def find_board(self, **lookup: Any) -> Board:
        """The board, if this person manages it."""
        board = get_object_or_404(selectors.visible_boards(self.request.user).distinct(), **lookup)
        require(self.request.user, "manage_board", board.unit)
        return board

    def load(self) -> None:
        """The board of the address."""
        self.board = self.find_board(pk=self.kwargs["pk"])

    def crumbs(self) -> Crumbs:
        """Below the board."""
        return [(gettext("Boards"), reverse("board_list")), (self.board.name, self.board.get_absolute_url())]


class SeatAdd(_BoardAct):
    """Add a seat."""

    form_class = SeatForm
    title = _("Add a seat")

    def extra(self) -> dict[str, Any]:
        """The rule of the affected business."""
        return {"note": _("The affected business always advises and never votes.")}

    def act(self, form: SeatForm) -> str:
        """Add it."""
        boards.add_seat(board=self.board, by=self.request.user, **form.cleaned_data)
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
        boards.appoint(seat=self.seat, by=self.request.user, **form.cleaned_data)
        return self.board.get_absolute_url()


class MemberEnd(_BoardAct):
    """End a membership."""

    form_class = ReasonForm
    title = _("End this membership")
    submit = _("End")
    danger = True
    membership: Membership

    def load(self) -> None:
        """The membership of the address and its board."""
        rows = Membership.objects.select_related("seat__board__unit", "user")
        self.membership = get_object_or_404(rows, pk=self.kwargs["pk"])
        self.board = self.find_board(pk=self.membership.seat.board_id)

    def act(self, form: ReasonForm) -> str:
        """End it."""
        boards.dismiss(membership=self.membership, by=self.request.user, **form.cleaned_data)
        return self.board.get_absolute_url()
