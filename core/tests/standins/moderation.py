"""The moderation of the Python stand-ins, in two dialects: deployed and documented."""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from datetime import datetime, timezone
from typing import Any

Json = dict[str, Any]

# Rules as (name, rule type, pattern, decision). The first match decides.
RULES: list[tuple[str, str, str, str]] = [
    ("Spam words", "keyword", "spamword", "rejected"),
    ("Allow list", "keyword", "trustedword", "approved"),
    ("Phone numbers", "regex", r"\b\d{3}-\d{4}\b", "flagged"),
]
# Words with which tests request unusual shapes of decisions.
AI_WORD = "aiword"  # decided by the AI, with moderator `ai` and no rule
NO_RESULT_WORD = "nobodyword"  # no result, with moderator `unknown`
INSTANT_WORD = "instantword"  # a processing time in exponent notation
ROUND_WORD = "roundword"  # the integer 0 as processing time, and a timestamp without a fraction


class Moderation:
    """Decides on texts and stores the items, newest first."""

    def __init__(self, dialect: str) -> None:
        self.is_deployed = dialect == "deployed"
        self.contents: list[Json] = []
        self.flagged_listings_total = 0
        self.rule_ids = {name: str(uuid.uuid4()) for name, *_ in RULES}

    def moderate(self, project_id: str, body: Json) -> tuple[Json, Json]:
        """Decides on a text; returns the stored item and the `moderation_update` to send."""
        started = time.time()
        text: str = body["content"]
        results = self._results(text)
        status = results[0]["decision"] if results else "approved"
        now = datetime.now(timezone.utc)
        if ROUND_WORD in text:
            now = now.replace(microsecond=0)
        metadata = body.get("metadata") or None
        content: Json = {
            "id": str(uuid.uuid4()),
            "project_id": project_id,
            "content_type": body.get("type") or "text",
            "content_data": text,
            "meta_data": metadata if self.is_deployed else metadata or {},
            "status": status,
            "created_at": self._timestamp(now),
            "updated_at": self._timestamp(now),
            "moderation_results": results,
        }
        self.contents.insert(0, content)
        elapsed: float = time.time() - started
        if INSTANT_WORD in text:
            elapsed = 8.106231689453125e-06
        elif ROUND_WORD in text:
            elapsed = 0
        return content, self._update(content, elapsed)

    def _results(self, text: str) -> list[Json]:
        if NO_RESULT_WORD in text:
            return []
        if AI_WORD in text:
            return [
                {
                    "decision": "rejected",
                    "confidence": 0.93,
                    "reason": "The text harasses someone",
                    "moderator_type": "ai",
                    "processing_time": 0.41,
                    "categories": {"harassment": True},
                    "category_scores": {"harassment": 0.93},
                }
            ]
        for name, kind, test, decision in RULES:
            if re.search(test, text) if kind == "regex" else test in text:
                return [
                    {
                        "decision": decision,
                        "confidence": 0.8,
                        "reason": f"Rule '{name}': Matched {kind}: {test!r}",
                        "moderator_type": "rule",
                        "rule_id": self.rule_ids[name],
                        "rule_name": name,
                        "rule_type": kind,
                        "processing_time": 8.106231689453125e-06,
                        "categories": {f"rule_{kind}": True},
                        "category_scores": {f"rule_{kind}": 0.8},
                    }
                ]
        return [
            {
                "decision": "approved",
                "confidence": 0.9,
                "reason": f"Passed all {len(RULES)} project rules",
                "moderator_type": "rule",
                "processing_time": 0.0,
                "categories": {"rules_passed": True},
                "category_scores": {"rules_passed": 0.9},
            }
        ]

    def _update(self, content: Json, elapsed: float) -> Json:
        results = content["moderation_results"]
        moderator = results[0]["moderator_type"] if results else "unknown"
        rule_name = results[0].get("rule_name") if results else None
        if self.is_deployed:
            name = {"rule": "Rule", "ai": "AI"}.get(moderator, "Unknown")
            if moderator == "rule":
                rule_name = rule_name or "Unknown Rule"
        else:
            name, rule_name = "AI Rule", rule_name or "Default"
            moderator = "rule" if moderator == "unknown" else moderator
            elapsed = round(elapsed, 2)
        text = content["content_data"]
        return {
            "content_id": content["id"],
            "project_id": content["project_id"],
            "status": content["status"],
            "content_type": content["content_type"],
            "content_preview": text if len(text) <= 100 else text[:100] + "...",
            "meta_data": content["meta_data"],
            "results_count": len(results),
            "processing_time": elapsed,
            "moderator_type": moderator,
            "moderator_name": name,
            "rule_name": rule_name,
            "timestamp": content["updated_at"],
        }

    def _timestamp(self, moment: datetime) -> str:
        if self.is_deployed:
            return moment.replace(tzinfo=None).isoformat()
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def moderate_response(self, content: Json) -> Json:
        """Returns the body of the response to `POST /api/moderate`."""
        return {
            "success": True,
            "content_id": content["id"],
            "status": content["status"],
            "moderation_results": content["moderation_results"],
        }

    def find(self, project_id: str, content_id: str) -> Json | None:
        return next((c for c in self.contents if c["id"] == content_id and c["project_id"] == project_id), None)

    def page(self, project_id: str, query: dict[str, str]) -> Json:
        """Returns the body of the response to `GET /api/content`; raises ValueError for an invalid number."""
        page = int(query.get("page") or 1)
        per_page = int(query.get("per_page") or (50 if self.is_deployed else 20))
        if page < 1 or not 1 <= per_page <= 100:
            raise ValueError("page and per_page are out of range")
        status = query.get("status")
        self.flagged_listings_total += status == "flagged"
        found = [c for c in self.contents if c["project_id"] == project_id and (not status or c["status"] == status)]
        shown = found[(page - 1) * per_page : page * per_page]
        if self.is_deployed:
            pagination: Json = {"page": page, "per_page": per_page, "has_more": len(shown) == per_page}
        else:
            pages = -(-len(found) // per_page)
            pagination = {
                "page": page,
                "pages": pages,
                "per_page": per_page,
                "total": len(found),
                "has_next": page < pages,
                "has_prev": page > 1,
            }
        return {"success": True, "content": shown, "pagination": pagination}

    def stats(self, project_id: str) -> Json:
        """Returns the `stats` of the response to `GET /api/stats`."""
        count = self._count(project_id)
        total = sum(count.values())
        return {
            "total_content": total,
            "approved": count["approved"],
            "rejected": count["rejected"],
            "flagged": count["flagged"],
            "pending": count["pending"],
            "approval_rate": count["approved"] / total * 100 if total else 0,
        }

    def stats_update(self, project_id: str) -> Json:
        """Returns the data of the documented `stats_update`."""
        count = self._count(project_id)
        total = sum(count.values())
        rate = {status: round(n / total * 100, 1) for status, n in count.items()}
        recent = [c for c in self.contents if c["project_id"] == project_id][:10]
        return {
            "total_content": total,
            "approved": count["approved"],
            "rejected": count["rejected"],
            "flagged": count["flagged"],
            "approval_rate": rate.get("approved", 0.0),
            "rejection_rate": rate.get("rejected", 0.0),
            "flag_rate": rate.get("flagged", 0.0),
            "recent_activity": [
                {"content_id": c["id"], "decision": c["status"], "timestamp": c["updated_at"]} for c in recent
            ],
        }

    def _count(self, project_id: str) -> Counter[str]:
        return Counter(c["status"] for c in self.contents if c["project_id"] == project_id)
