"""Every URL × every role: what is shown, what is refused, what does not exist.

The two tables below are written out by hand and never computed from `governance.access`: a
change of rights shows here as a failing cell. A URL that no row of this file speaks of fails.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

import pytest
from django.db import models, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from governance.access import Role
from governance.models import RoleRequest, RoleTerm, Training, User
from projects.models import ChangeRequest, FlagMute, MonthlyUpdate, RiskFlag, Scenario
from projects.models.choices import RequestState, UpdateState
from projects.register import KINDS
from tests import factories
from tests.conftest import World
from tests.projects.api.conftest import everything  # noqa: F401  (one record of each kind)

pytestmark = pytest.mark.django_db

ANONYMOUS, NO_ROLE = "anonymous", "no_role"
ROLES = [role.value for role in Role]
ACTORS = [*ROLES, NO_ROLE, ANONYMOUS]

# One cell a kind and role, about the record of the home ministry and that of the other one:
#   *  reads the other ministry's record too     C  may create somewhere
#   E  may edit the home record                  R  reads the home record
#   r  opens the list, but sees neither record   -  nothing at all
REGISTER = """
kind           | cio_office | advisor | ministry_cio | pmo | pjmo | accounting | hr | public_relations | verifier | auditor
systems        | *R   | *R | R  | CER | ER  | R   | -  | -  | R  | *R
projects       | *R   | *R | R  | CER | ER  | R   | R  | R  | R  | *R
services       | *R   | *R | R  | CER | CER | R   | -  | R  | R  | *R
contracts      | *R   | *R | R  | CER | CER | ER  | -  | -  | R  | *R
agencies       | *CER | *R | *R | *R  | *R  | *R  | *R | *R | *R | *R
cost-lines     | *R   | *R | R  | CR  | CR  | CER | -  | -  | R  | *R
service-years  | *R   | *R | R  | CER | CER | R   | -  | R  | R  | *R
updates        | *R   | *R | R  | R   | CER | -   | -  | -  | R  | *R
baselines      | *R   | *R | R  | CR  | CR  | R   | -  | -  | R  | *R
milestones     | *R   | *R | R  | CER | CER | R   | -  | -  | R  | *R
kpis           | *R   | *R | R  | CER | CER | -   | -  | -  | R  | *R
kpi-links      | *R   | *R | R  | CER | CER | -   | -  | -  | R  | *R
kpi-values     | *R   | *R | R  | CER | CER | -   | -  | -  | R  | *R
benefits       | *R   | *R | R  | CER | CER | -   | -  | -  | R  | *R
risks          | *R   | *R | R  | CER | CER | -   | -  | -  | R  | *R
reviews        | *CR  | *R | CR | CER | CER | -   | -  | -  | CR | *R
findings       | *CR  | *R | CR | CER | CER | -   | -  | -  | CR | *R
lineage        | *R   | *R | R  | CER | r   | R   | -  | -  | r  | *R
plan-actions   | *R   | *R | R  | CER | R   | R   | R  | R  | -  | *R
targets        | *CER | *R | *R | *R  | *R  | *R  | *R | *R | *R | *R
system-classes | *CER | *R | *R | *R  | *R  | *R  | *R | *R | *R | *R
cost-items     | *CER | *R | *R | *R  | *R  | *R  | *R | *R | *R | *R
review-types   | *CER | *R | *R | *R  | *R  | *R  | *R | *R | *R | *R
role-terms     | *CER | *R | *R | *R  | *R  | *R  | *R | *R | *R | *R
risk-policies  | *CER | *R | *R | *R  | *R  | *R  | *R | *R | *R | *R
flags          | *R   | *R | R  | R   | R   | R   | -  | -  | R  | *R
year-rollups   | *R   | *R | R  | R   | R   | R   | -  | -  | R  | *R
service-rollups| *R   | *R | R  | R   | r   | R   | -  | R  | r  | *R
import-runs    | *R   | -  | R  | R   | -   | -   | -  | -  | -  | *R
audit-events   | *R   | -  | -  | -   | -   | -   | -  | -  | -  | *R
"""
# What only the API lists.
API_ONLY = {"flags", "year-rollups", "service-rollups", "import-runs", "audit-events"}
# Records of account are followed by new ones, never edited.
NEVER_EDITED = {"baselines"}

# Status of a GET, by role; the last two columns are "signed in without a role" and anonymous.
PAGES = """
name                    | cio_office | advisor | ministry_cio | pmo | pjmo | accounting | hr | public_relations | verifier | auditor | no_role | anonymous
home                    | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 403 | 302
reports:portfolio       | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 302
reports:exports         | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
reports:export-job      | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 302
reports:export-progress | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 302
reports:export-file     | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 302
reports:export-cancel   | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 302
reports:portfolio-export| 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 302
reports:attention       | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 302
reports:attention-export| 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 302
reports:agency          | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 302
reports:agency-export   | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 302
work                    | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 302
projects:projects-report| 403 | 403 | 403 | 403 | 200 | 403 | 403 | 403 | 403 | 403 | 404 | 302
projects:systems-costs  | 200 | 200 | 200 | 200 | 200 | 200 | 404 | 404 | 200 | 200 | 404 | 302
projects:projects-costs | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 404 | 302
projects:systems-goals  | 403 | 403 | 403 | 200 | 200 | 403 | 404 | 404 | 403 | 403 | 404 | 302
projects:projects-goals | 403 | 403 | 403 | 200 | 200 | 403 | 403 | 403 | 403 | 403 | 404 | 302
projects:kpis-method    | 403 | 403 | 403 | 200 | 200 | 404 | 404 | 404 | 403 | 403 | 404 | 302
change                  | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 404 | 302
reports:kpi-series      | 200 | 200 | 200 | 200 | 200 | 404 | 404 | 404 | 200 | 200 | 404 | 302
imports                 | 403 | 403 | 403 | 200 | 200 | 200 | 403 | 403 | 403 | 403 | 403 | 302
imports-template        | 403 | 403 | 403 | 200 | 200 | 200 | 403 | 403 | 403 | 403 | 403 | 302
imports-job             | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 302
imports-progress        | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 302
imports-confirm         | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 302
imports-cancel          | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 302
api:imports             | 403 | 403 | 403 | 405 | 405 | 405 | 403 | 403 | 403 | 403 | 403 | 401
api:imports-job         | 403 | 403 | 403 | 404 | 404 | 404 | 403 | 403 | 403 | 403 | 403 | 401
api:imports-confirm     | 403 | 403 | 403 | 405 | 405 | 405 | 403 | 403 | 403 | 403 | 403 | 401
api:imports-cancel      | 403 | 403 | 403 | 405 | 405 | 405 | 403 | 403 | 403 | 403 | 403 | 401
notices                 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
notices-read            | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 302
preferences             | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
projects:projects-figures| 200 | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 200 | 200 | 404 | 302
projects:projects-outlook| 200 | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 200 | 200 | 404 | 302
contradictions          | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 200 | 200 | 403 | 302
flag                    | 200 | 200 | 200 | 200 | 200 | 200 | 404 | 404 | 200 | 200 | 404 | 302
flag-mute               | 200 | 200 | 200 | 200 | 200 | 403 | 404 | 404 | 403 | 403 | 404 | 302
reports:value           | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 302
reports:value-export    | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 200 | 200 | 403 | 302
reports:delivery        | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 200 | 200 | 403 | 302
reports:delivery-export | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 200 | 200 | 403 | 302
reports:explain         | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 302
reports:costs           | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 302
reports:costs-export    | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 302
reports:procurement-export| 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 302
reports:procurement     | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 302
outlook                 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 200 | 200 | 403 | 302
reports:scenarios       | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 403 | 403 | 200 | 403 | 302
reports:scenario-new    | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 302
reports:scenario        | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 403 | 403 | 200 | 403 | 302
reports:scenario-export | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 403 | 403 | 200 | 403 | 302
metrics                 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
people                  | 200 | 200 | 200 | 200 | 200 | 403 | 200 | 403 | 200 | 200 | 403 | 302
vacancies               | 200 | 200 | 200 | 200 | 200 | 403 | 200 | 403 | 200 | 200 | 403 | 302
people-new              | 403 | 403 | 403 | 200 | 403 | 403 | 200 | 403 | 403 | 403 | 403 | 302
membership-new          | 403 | 403 | 403 | 200 | 403 | 403 | 200 | 403 | 403 | 403 | 403 | 302
membership-edit         | 403 | 403 | 403 | 200 | 403 | 404 | 200 | 404 | 403 | 403 | 404 | 302
people-person           | 200 | 200 | 200 | 200 | 200 | 403 | 200 | 403 | 200 | 200 | 403 | 302
people-employer         | 403 | 403 | 403 | 200 | 403 | 403 | 200 | 403 | 403 | 403 | 403 | 302
role-requests           | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
role-request            | 200 | 200 | 200 | 200 | 404 | 404 | 200 | 404 | 404 | 200 | 404 | 302
people-handover         | 403 | 403 | 403 | 200 | 403 | 403 | 200 | 403 | 403 | 403 | 403 | 302
training-new            | 403 | 403 | 403 | 200 | 403 | 403 | 200 | 403 | 403 | 403 | 403 | 302
training-edit           | 403 | 403 | 403 | 200 | 403 | 404 | 200 | 404 | 403 | 403 | 404 | 302
password-set            | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200
draft                   | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 302
draft-discard           | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 302
search                  | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 302
audit-verify            | 200 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 200 | 403 | 302
audit-check             | 404 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 404 | 403 | 302
audit-check-progress    | 404 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 404 | 403 | 302
audit-list              | 200 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 200 | 403 | 302
reports:systems-years   | 200 | 200 | 200 | 200 | 200 | 200 | 404 | 404 | 200 | 200 | 404 | 302
reports:projects-years  | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 404 | 302
reports:audit-export    | 200 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 200 | 403 | 302
healthz                 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200
readyz                  | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200
account                 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
account_login           | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200
mfa_login_webauthn      | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302
mfa_authenticate        | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302
openid_connect_login    | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404
openid_connect_callback | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404
password-forgotten      | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200
password-change         | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
address-change          | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
sessions-end            | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 302
account_reauthenticate  | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
mfa_reauthenticate      | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302
mfa_reauthenticate_webauthn| 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302
mfa_activate_totp       | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
mfa_deactivate_totp     | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 302
mfa_view_recovery_codes | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 302
mfa_generate_recovery_codes| 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
mfa_add_webauthn        | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
mfa_remove_webauthn     | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 404 | 302
people-link             | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 302
people-address          | 403 | 403 | 403 | 200 | 403 | 403 | 200 | 403 | 403 | 403 | 403 | 302
people-factors          | 403 | 403 | 403 | 200 | 403 | 403 | 200 | 403 | 403 | 403 | 403 | 302
people-deactivate       | 403 | 403 | 403 | 200 | 403 | 403 | 200 | 403 | 403 | 403 | 403 | 302
people-reactivate       | 403 | 403 | 403 | 200 | 403 | 403 | 200 | 403 | 403 | 403 | 403 | 302
login                   | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200
logout                  | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 405 | 302
set_language            | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302 | 302
api-schema              | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 401
api-docs                | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 302
api-portfolio           | 200 | 200 | 200 | 200 | 200 | 200 | 403 | 403 | 200 | 200 | 403 | 401
api:root                | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 200 | 401
"""

# Status of a POST about the home ministry's report, which stands in the state that it takes.
REPORTS = """
name                     | cio_office | advisor | ministry_cio | pmo | pjmo | accounting | hr | public_relations | verifier | auditor | no_role | anonymous
projects:updates-submit  | 403 | 403 | 403 | 403 | 302 | 404 | 404 | 404 | 403 | 403 | 404 | 302
projects:updates-approve | 403 | 403 | 403 | 302 | 403 | 404 | 404 | 404 | 403 | 403 | 404 | 302
projects:updates-return  | 403 | 403 | 403 | 302 | 403 | 404 | 404 | 404 | 403 | 403 | 404 | 302
api:updates-submit       | 403 | 403 | 403 | 403 | 200 | 404 | 404 | 404 | 403 | 403 | 404 | 401
api:updates-approve      | 403 | 403 | 403 | 200 | 403 | 404 | 404 | 404 | 403 | 403 | 404 | 401
api:updates-return       | 403 | 403 | 403 | 200 | 403 | 404 | 404 | 404 | 403 | 403 | 404 | 401
projects:updates-publish | 302 | 403 | 302 | 403 | 403 | 404 | 404 | 404 | 403 | 403 | 404 | 302
api:updates-publish      | 200 | 403 | 200 | 403 | 403 | 404 | 404 | 404 | 403 | 403 | 404 | 401
"""

# Status of a POST about something of the home ministry that waits for a decision.
DECISIONS = """
name                        | cio_office | advisor | ministry_cio | pmo | pjmo | accounting | hr | public_relations | verifier | auditor | no_role | anonymous
projects:baselines-approve  | 403 | 403 | 302 | 302 | 403 | 403 | 404 | 404 | 403 | 403 | 404 | 302
projects:baselines-reject   | 403 | 403 | 302 | 302 | 403 | 403 | 404 | 404 | 403 | 403 | 404 | 302
projects:baselines-withdraw | 403 | 403 | 403 | 302 | 302 | 403 | 404 | 404 | 403 | 403 | 404 | 302
change-approve              | 403 | 403 | 302 | 302 | 403 | 403 | 403 | 403 | 403 | 403 | 404 | 302
change-reject               | 403 | 403 | 302 | 302 | 403 | 403 | 403 | 403 | 403 | 403 | 404 | 302
change-withdraw             | 403 | 403 | 302 | 302 | 403 | 403 | 403 | 403 | 403 | 403 | 404 | 302
mute-approve                | 302 | 403 | 302 | 403 | 403 | 403 | 404 | 404 | 403 | 403 | 404 | 302
mute-reject                 | 302 | 403 | 302 | 403 | 403 | 403 | 404 | 404 | 403 | 403 | 404 | 302
flag-unmute                 | 302 | 302 | 302 | 302 | 302 | 403 | 404 | 404 | 403 | 403 | 404 | 302
role-approve                | 302 | 403 | 302 | 302 | 404 | 404 | 403 | 404 | 404 | 403 | 404 | 302
role-reject                 | 302 | 403 | 302 | 302 | 404 | 404 | 403 | 404 | 404 | 403 | 404 | 302
role-withdraw               | 302 | 302 | 302 | 302 | 404 | 404 | 302 | 404 | 404 | 302 | 404 | 302
"""
# Status of a GET of the page on which a change of a home record's guarded fields is asked for, while
# they stand in the state in which they change by request (reviews: of the third party). 302: there is
# nothing that this role would have to ask for.
ASKING = """
kind         | cio_office | advisor | ministry_cio | pmo | pjmo | accounting | hr | public_relations | verifier | auditor | no_role | anonymous
systems      | 403 | 403 | 403 | 200 | 200 | 403 | 404 | 404 | 403 | 403 | 404 | 302
projects     | 403 | 403 | 403 | 200 | 200 | 403 | 403 | 403 | 403 | 403 | 404 | 302
milestones   | 403 | 403 | 403 | 200 | 200 | 403 | 404 | 404 | 403 | 403 | 404 | 302
risks        | 403 | 403 | 403 | 200 | 200 | 404 | 404 | 404 | 403 | 403 | 404 | 302
kpis         | 403 | 403 | 403 | 200 | 200 | 404 | 404 | 404 | 403 | 403 | 404 | 302
kpi-values   | 403 | 403 | 403 | 200 | 200 | 404 | 404 | 404 | 403 | 403 | 404 | 302
benefits     | 403 | 403 | 403 | 200 | 200 | 404 | 404 | 404 | 403 | 403 | 404 | 302
contracts    | 403 | 403 | 403 | 200 | 200 | 200 | 404 | 404 | 403 | 403 | 404 | 302
cost-lines   | 403 | 403 | 403 | 200 | 200 | 403 | 404 | 404 | 403 | 403 | 404 | 302
reviews      | 200 | 403 | 403 | 200 | 200 | 404 | 404 | 404 | 302 | 403 | 404 | 302
findings     | 302 | 403 | 403 | 200 | 200 | 404 | 404 | 404 | 302 | 403 | 404 | 302
agencies     | 200 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 404 | 302
targets      | 200 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 404 | 302
cost-items   | 200 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 404 | 302
role-terms   | 200 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 404 | 302
risk-policies | 200 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 404 | 302
"""
# Status of a GET (edit) or a POST about a scenario of the home ministry's that another PMO of the
# ministry owns, and about one of the actor's own.
SCENARIOS = """
name                    | cio_office | advisor | ministry_cio | pmo | pjmo | accounting | hr | public_relations | verifier | auditor | no_role | anonymous
reports:scenario-edit   | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 302
reports:scenario-copy   | 302 | 302 | 302 | 302 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 302
reports:scenario-delete | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 302
own:scenario-edit       | 200 | 200 | 200 | 200 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 302
own:scenario-copy       | 302 | 302 | 302 | 302 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 302
own:scenario-delete     | 302 | 302 | 302 | 302 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 302
"""
# The state in which each of them finds the report.
TAKES = {
    "submit": UpdateState.DRAFT,
    "approve": UpdateState.SUBMITTED,
    "return": UpdateState.SUBMITTED,
    "publish": UpdateState.APPROVED,
}
# Roles that read every ministry's reports: for the others a foreign report does not exist.
READ_ALL_REPORTS = {"cio_office", "advisor", "auditor"}


def _parsed(table: str) -> dict[str, dict[str, str]]:
    lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    header = lines[0][1:]
    return {name: dict(zip(header, cells, strict=True)) for name, *cells in lines[1:]}


CELLS, STATUSES, TRANSITIONS = _parsed(REGISTER), _parsed(PAGES), _parsed(REPORTS)
DECIDED = _parsed(DECISIONS)
KEPT = _parsed(SCENARIOS)
ASKED = _parsed(ASKING)
Pairs = Mapping[str, tuple[models.Model, models.Model]]


def _cell(slug: str, actor: str) -> str:
    return CELLS[slug].get(actor, "-")


# What the cells mean for each address -----------------------------------------------------------------


def _listed(cell: str) -> int:
    return 403 if cell == "-" else 200


def _shown(cell: str, *, is_home: bool) -> int:
    return 200 if ("R" in cell if is_home else "*" in cell) else 404


def _creates(cell: str, allowed: int) -> int:
    return allowed if "C" in cell else 403


def _edits(cell: str, allowed: int, *, is_home: bool) -> int:
    shown = _shown(cell, is_home=is_home)
    return shown if shown == 404 else (allowed if "E" in cell else 403)


def _keys(slug: str, pairs: Pairs) -> tuple[str, str]:
    key = KINDS[slug].key if slug in KINDS else {"audit-events": "seq"}.get(slug, "pk")
    home, other = pairs[slug]
    return str(getattr(home, key)), str(getattr(other, key))


Asked = tuple[str, str, int]
"""Method, address, expected status."""


def _register_addresses(slug: str, actor: str, pairs: Pairs) -> Iterator[Asked]:
    cell = _cell(slug, actor)
    yield "GET", reverse(f"projects:{slug}-list"), _listed(cell)
    for fmt in ("csv", "xlsx"):
        yield "GET", reverse(f"reports:{slug}-export", args=[fmt]), _listed(cell)
    new = reverse(f"projects:{slug}-new")
    yield "GET", new, _creates(cell, 200)
    yield "POST", new, _creates(cell, 422)  # An empty form is refused after the rights.
    for key, is_home in zip(_keys(slug, pairs), (True, False), strict=True):
        # The page of an agency is the dashboard's: everybody with a role knows every agency.
        yield "GET", reverse(f"projects:{slug}-detail", args=[key]), _page(slug, cell, is_home)
        if slug not in NEVER_EDITED:
            edit = reverse(f"projects:{slug}-edit", args=[key])
            yield "GET", edit, _edits(cell, 200, is_home=is_home)
            yield "POST", edit, _edits(cell, 422, is_home=is_home)


def _page(slug: str, cell: str, is_home: bool) -> int:
    if slug == "agencies" and cell == "-":
        return 403  # The dashboard tells who has no role at all why there is nothing to see.
    return _shown(cell, is_home=is_home)


def _api_addresses(slug: str, actor: str, pairs: Pairs) -> Iterator[Asked]:
    cell = _cell(slug, actor)
    yield "GET", reverse(f"api:{slug}-list"), _listed(cell)
    for key, is_home in zip(_keys(slug, pairs), (True, False), strict=True):
        yield "GET", reverse(f"api:{slug}-detail", args=[key]), _shown(cell, is_home=is_home)


def _addresses(actor: str, pairs: Pairs) -> Iterator[Asked]:
    for slug in CELLS:
        if slug not in API_ONLY:
            yield from _register_addresses(slug, actor, pairs)
        yield from _api_addresses(slug, actor, pairs)


def _anonymous(asked: Asked) -> Asked:
    """Who has not signed in is sent to sign in, or told so by the API."""
    method, path, _status = asked
    return method, path, 401 if path.startswith("/api/v1/") else 302


def _name_of(pattern: URLPattern, space: str) -> str:
    assert pattern.name, f"an address without a name: {space}{pattern.pattern}"
    return f"{space}{pattern.name}"


def _names(patterns: list[Any], space: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _names(pattern.url_patterns, inner)
        else:
            yield _name_of(pattern, space)


def _spoken_of() -> set[str]:
    names = set(STATUSES) | set(TRANSITIONS) | set(DECIDED)
    names |= {name for name in KEPT if not name.startswith("own:")}
    names |= {f"projects:{slug}-change" for slug in ASKED}
    for slug in CELLS:
        names |= {f"api:{slug}-list", f"api:{slug}-detail"}
        if slug not in API_ONLY:
            names |= {f"projects:{slug}-{part}" for part in ("list", "new", "detail")}
            names.add(f"reports:{slug}-export")
            if slug not in NEVER_EDITED:
                names.add(f"projects:{slug}-edit")
    return names


def test_every_address_has_its_row() -> None:
    listed = list(_names(get_resolver().url_patterns))
    assert len(listed) == len(set(listed)), "two addresses share a name"
    assert set(listed) == _spoken_of()


def test_every_cell_is_one_that_the_legend_explains() -> None:
    assert all(list(row) == ROLES for row in CELLS.values())
    allowed = {"-", "r", "R", "*R", "CR", "*CR", "ER", "CER", "*CER"}
    assert {cell for row in CELLS.values() for cell in row.values()} <= allowed
    assert all(
        list(row) == ACTORS
        for row in (
            *STATUSES.values(),
            *TRANSITIONS.values(),
            *DECIDED.values(),
            *KEPT.values(),
            *ASKED.values(),
        )
    )


# Asking ---------------------------------------------------------------------------------------------


def _browser(actor: str, actors: dict[Role, User], outsider: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    if actor == NO_ROLE:
        client.force_login(outsider)
    elif actor != ANONYMOUS:
        client.force_login(actors[Role(actor)])
    return client


def _ask(client: Client, method: str, path: str) -> HttpResponseBase:
    call: Callable[..., Any] = client.get if method == "GET" else client.post
    response = call(path)
    if response.streaming:
        assert b"".join(response.streaming_content), path
    answer: HttpResponseBase = response
    return answer


def _answers(client: Client, asked: Iterator[Asked]) -> list[str]:
    """The cells that differ from what stands in the table."""
    wrong = []
    for method, path, expected in asked:
        response = _ask(client, method, path)
        if response.status_code != expected:
            wrong.append(f"{method} {path}: {response.status_code}, not {expected}")
        elif expected == 302 and method == "GET" and "/api/" not in path:
            assert response.headers["Location"], path
    return wrong


@pytest.mark.parametrize("actor", ACTORS)
def test_register_and_api(
    actor: str, request: pytest.FixtureRequest, actors: dict[Role, User], outsider: User
) -> None:
    pairs: Pairs = request.getfixturevalue("everything")
    asked = _addresses(actor, pairs)
    if actor == ANONYMOUS:
        asked = (_anonymous(cell) for cell in asked)
    assert _answers(_browser(actor, actors, outsider), asked) == []


_ARGS: Mapping[str, list[Any]] = {
    "projects:projects-report": ["HOME-P1", date(2026, 10, 1)],
    "projects:systems-costs": ["HOME-1"],
    "projects:projects-costs": ["HOME-P1"],
    "projects:projects-figures": ["HOME-P1"],
    "projects:projects-outlook": ["HOME-P1"],
    "projects:systems-goals": ["HOME-1"],
    "projects:projects-goals": ["HOME-P1"],
    "projects:kpis-method": ["HOME-K"],
    "reports:kpi-series": ["HOME-K"],
    "people-person": ["member"],
    "people-handover": ["member"],
    "people-employer": ["member"],
    "training-new": ["member"],
    "password-set": ["x", "y"],
    # No provider of single sign-on is set up here.
    "openid_connect_login": ["oidc"],
    "openid_connect_callback": ["oidc"],
    "mfa_remove_webauthn": [1],
    "people-link": ["member"],
    "people-address": ["member"],
    "people-factors": ["member"],
    "people-deactivate": ["member"],
    "people-reactivate": ["member"],
    "imports-template": ["xlsx"],
    "audit-check": ["00000000-0000-0000-0000-000000000000"],
    "audit-check-progress": ["00000000-0000-0000-0000-000000000000"],
    **{
        f"{space}imports-{part}": ["00000000-0000-0000-0000-000000000000"]
        for space, parts in (
            ("", ("job", "progress", "confirm", "cancel")),
            ("api:", ("job", "confirm", "cancel")),
        )
        for part in parts
    },
    **{
        f"reports:export-{part}": ["00000000-0000-0000-0000-000000000000"]
        for part in ("job", "progress", "file", "cancel")
    },
    "reports:portfolio-export": ["csv"],
    "reports:attention-export": ["xlsx"],
    "reports:value-export": ["csv"],
    "reports:costs-export": ["csv"],
    "reports:procurement-export": ["xlsx"],
    "reports:agency": ["home"],
    "reports:delivery-export": ["csv"],
    "reports:explain": ["executed_cost"],
    "reports:agency-export": ["home", "csv"],
    "reports:audit-export": ["csv"],
    "reports:systems-years": ["HOME-1", "csv"],
    "reports:projects-years": ["HOME-P1", "xlsx"],
}
_TABLES = {
    "reports:portfolio-export": "agencies",
    "reports:agency-export": "systems",
    "reports:value-export": "goals",
    "reports:costs-export": "reduction",
    "reports:procurement-export": "renewals",
}


@pytest.mark.parametrize("actor", ACTORS)
def test_other_pages(actor: str, world: World, actors: dict[Role, User], outsider: User) -> None:
    member = factories.UserFactory.create(username="member")
    membership = factories.MembershipFactory.create(
        user=member, role=Role.PJMO, project=world.project
    )
    training = Training.objects.create(user=member, kind="skill", title="EVM")
    kpi = factories.KpiFactory.create(code="HOME-K", system=world.system)
    factories.KpiValueFactory.create(kpi=kpi)
    scenario = Scenario.objects.create(name="S", owner=member, agency=world.home)
    args = {
        **_ARGS,
        "membership-edit": [membership.pk],
        "training-edit": [training.pk],
        "change": [_change(world).pk],
        "reports:scenario": [scenario.pk],
        "reports:scenario-export": [scenario.pk, "csv"],
    }
    args["flag"] = args["flag-mute"] = [_flag(world).pk]
    args["role-request"] = [_role_request(world).pk]

    def asked() -> Iterator[Asked]:
        for name, row in STATUSES.items():
            table = f"?table={_TABLES[name]}" if name in _TABLES else ""
            yield "GET", reverse(name, args=args.get(name, [])) + table, int(row[actor])

    assert _answers(_browser(actor, actors, outsider), asked()) == []


@pytest.mark.parametrize("actor", ROLES)
def test_the_page_of_another_ministry_opens_without_its_figures(
    actor: str, actors: dict[Role, User], outsider: User
) -> None:
    response = _browser(actor, actors, outsider).get(reverse("reports:agency", args=["other"]))
    assert response.status_code == 200
    hides = "do not include the figures of this agency" in response.content.decode()
    assert hides is (actor not in READ_ALL_REPORTS)


def test_those_without_a_right_are_sent_to_sign_in(world: World) -> None:
    for path in ("/systems/", "/systems/HOME-1/", "/systems/new/", "/audit/", "/"):
        response = Client().get(path)
        assert response.headers["Location"].startswith("/accounts/login/?next="), path


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", TRANSITIONS)
def test_what_happens_to_a_report(
    name: str, actor: str, world: World, actors: dict[Role, User], outsider: User
) -> None:
    state = TAKES[name.rpartition("-")[2]]
    is_api = name.startswith("api:")
    client = _browser(actor, actors, outsider)
    home, other = (_report(project, state) for project in (world.project, world.other_project))
    expected = {home: int(TRANSITIONS[name][actor])}
    expected[other] = expected[home]
    if actor != ANONYMOUS and not (actor == "cio_office" and name.endswith("publish")):
        expected[other] = 403 if actor in READ_ALL_REPORTS else 404
    for update, status in expected.items():
        with transaction.atomic():
            path = reverse(name, args=[update.pk])
            if is_api:
                body: dict[str, Any] = {"reason": "because"} if name.endswith("return") else {}
                body |= {} if name.endswith("submit") else {"version": update.version}
                response = client.post(path, body, content_type="application/json")
            else:
                response = client.post(path, {"reason": "because"})
        assert response.status_code == status, (update, response.content)
        before = update.state
        update.refresh_from_db()
        moved = status in (200, 302) and actor != ANONYMOUS
        assert (update.state != before) is moved


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", DECIDED)
def test_who_decides_on_requests(
    name: str, actor: str, world: World, actors: dict[Role, User], outsider: User
) -> None:
    client = _browser(actor, actors, outsider)
    if name.startswith("projects:baselines"):
        asked: Any = factories.BaselineFactory.create(
            project=world.project, number=None, agreed_on=None, state=RequestState.REQUESTED
        )
    elif name.startswith("role-"):
        asked = _role_request(world)
    elif "mute" in name:
        asked = flag = _flag(world)
        if name.startswith("mute-"):
            asked = FlagMute.objects.create(
                flag=flag, severity="high", reason="x", expires_on=date(2030, 1, 1),
                requested_at=timezone.now(),
            )  # fmt: skip
    else:
        asked = _change(world)
    response = client.post(reverse(name, args=[asked.pk]), {"reason": "because"})
    assert response.status_code == int(DECIDED[name][actor]), response.content


@pytest.mark.parametrize("actor", ACTORS)
def test_who_asks_for_changes(
    actor: str, world: World, actors: dict[Role, User], outsider: User
) -> None:
    project = world.project
    factories.BaselineFactory.create(project=project)
    kpi = factories.KpiFactory.create(system=world.system)
    figure = {"target": 1, "target_state": "reported"}
    layer = factories.ReviewTypeFactory.create(layer="third_party")
    review = factories.ReviewFactory.create(system=None, project=project, review_type=layer)
    value = factories.KpiValueFactory.create(kpi=kpi, fiscal_year=2024, **figure)
    records: Mapping[str, Any] = {
        "systems": world.system,
        "projects": project,
        "agencies": world.home,
        "targets": factories.TargetFactory.create(),
        "cost-items": factories.CostItemFactory.create(code="asked"),
        "role-terms": RoleTerm.objects.create(role=Role.AUDITOR, name="監査"),
        "risk-policies": factories.RiskPolicyFactory.create(),
        "milestones": factories.MilestoneFactory.create(project=project),
        "risks": factories.RiskFactory.create(project=project),
        "kpis": kpi,
        "kpi-values": value,
        "benefits": factories.BenefitFactory.create(
            project=project, fiscal_year=2024, planned=1, planned_state="reported"
        ),
        "contracts": factories.ContractFactory.create(
            agency=world.home, project=project, method="open_price"
        ),
        "cost-lines": factories.CostLineFactory.create(
            system=world.system, sheet_year=2020, budget_year=2020, stage="initial"
        ),
        "reviews": review,
        "findings": factories.FindingFactory.create(review=review),
    }

    def asked() -> Iterator[Asked]:
        for slug, row in ASKED.items():
            yield "GET", KINDS[slug].change_url(records[slug]), int(row[actor])

    assert _answers(_browser(actor, actors, outsider), asked()) == []


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", KEPT)
def test_who_may_do_what_with_a_scenario(
    name: str, actor: str, world: World, actors: dict[Role, User], outsider: User
) -> None:
    owner = factories.UserFactory.create(username="member")
    if name.startswith("own:"):
        owner = {NO_ROLE: outsider, ANONYMOUS: owner}.get(actor) or actors[Role(actor)]
    kept = Scenario.objects.create(name="S", owner=owner, agency=world.home)
    foreign = Scenario.objects.create(name="T", owner=owner, agency=world.other)
    client = _browser(actor, actors, outsider)
    method = "GET" if name.endswith("edit") else "POST"
    expected = int(KEPT[name][actor])
    route = name.replace("own:", "reports:")
    response = _ask(client, method, reverse(route, args=[kept.pk]))
    assert response.status_code == expected
    if actor in {"ministry_cio", "pmo"}:
        assert _ask(client, method, reverse(route, args=[foreign.pk])).status_code == 404


def _role_request(world: World) -> RoleRequest:
    """Personnel of the home ministry asks for another accounting officer."""
    asker = factories.UserFactory.create(username="asker")
    factories.MembershipFactory.create(user=asker, role=Role.HR, agency=world.home)
    return RoleRequest.objects.create(
        user=factories.UserFactory.create(username="candidate"), role=Role.ACCOUNTING,
        agency=world.home, needs_office=True, needs_consent=False,
        requested_at=timezone.now(), requested_by=asker,
    )  # fmt: skip


def _change(world: World) -> ChangeRequest:
    """A change of the home project's phase that waits."""
    return ChangeRequest.objects.create(
        kind="projects", object_pk=world.project.pk, object_name="x", resource="project",
        agency=world.home, project=world.project, before={"phase": "building"},
        after={"phase": "testing"}, reason="総合テストに入るため", requested_at=timezone.now(),
    )  # fmt: skip


def _flag(world: World) -> RiskFlag:
    today = timezone.localdate()
    return RiskFlag.objects.create(
        rule_id="no_such_rule", rule_version=1, agency=world.home, project=world.project,
        severity="high", opened_on=today, severity_since=today, judged_on=today,
    )  # fmt: skip


def _report(project: Any, state: UpdateState) -> MonthlyUpdate:
    traits = {UpdateState.SUBMITTED: {"submitted": True}, UpdateState.APPROVED: {"approved": True}}
    given: Mapping[str, Any] = traits.get(state, {})
    update: MonthlyUpdate = factories.MonthlyUpdateFactory.create(project=project, **given)
    return update
