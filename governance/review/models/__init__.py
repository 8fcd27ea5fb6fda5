"""Boards that decide, requests they decide on, and the deployments that follow."""

from governance.review.models.boards import Board, BoardRule, Membership, Seat
from governance.review.models.conditions import Condition, ConditionEvidence
from governance.review.models.council import CouncilAnswer, CouncilRecord
from governance.review.models.deployments import Deployment, InForce
from governance.review.models.documents import Document
from governance.review.models.requests import DeploymentRequest, Recusal, Round, Vote
from governance.review.models.talk import Comment, Minutes

__all__ = [
    "Board",
    "BoardRule",
    "Comment",
    "Condition",
    "ConditionEvidence",
    "CouncilAnswer",
    "CouncilRecord",
    "Deployment",
    "DeploymentRequest",
    "Document",
    "InForce",
    "Membership",
    "Minutes",
    "Recusal",
    "Round",
    "Seat",
    "Vote",
]
