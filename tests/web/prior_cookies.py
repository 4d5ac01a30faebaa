"""Cookies of other consent tools as browsers keep them, ids replaced, and what each denies.

Each tool's table has every generation and encoding of its cookies, and controls: visitors who refused nothing.
"""

from __future__ import annotations

import base64
import json
from typing import Final, NamedTuple
from urllib.parse import quote

SALE: Final = {"sale_share": "opt_out"}
LIMIT: Final = {"sensitive": "limit"}
NOTHING: Final[dict[str, str]] = {}
UUID: Final = "00000000-0000-4000-8000-000000000000"


class Case(NamedTuple):
    """The page's cookies, and whether they deny; `more`: what stands in the site's table beside `prior_cmp`."""

    cookie: str
    denied: dict[str, str]


def optanon(groups: str, before: str = "isGpcEnabled=0", after: str = "") -> str:
    """OneTrust's cookie with these groups, as it has been written since 2021."""
    return (
        f"OptanonConsent={before}&datestamp=Wed+Aug+17+2022+20%3A04%3A00+GMT%2B0500+(Yekaterinburg+Standard+Time)"
        f"&version=202407.4.0&hosts=H4%3A0&genVendors=V4%3A0%2CV9%3A0%2C&consentId={UUID}&interactionCount=1"
        f"&landingPath=NotLandingPage&groups={groups}{after}&geolocation=US%3BCA&AwaitingReconsent=false"
    )


ALL_ON: Final = "C0001%3A1%2CC0002%3A1%2CC0003%3A1%2CC0004%3A1%2CC0005%3A1"
FIRST_YEARS: Final = (
    "landingPath=NotLandingPage&datestamp=Fri+Feb+22+2019+16%3A08%3A27+GMT%2B0800&version=4.1.0&EU=false"
)
ONETRUST: Final = (
    # The kinds of public reports.
    Case(
        "OptanonConsent=isGpcEnabled=1&browserGpcFlag=1&consentId=" + UUID + "&interactionCount=1"
        "&groups=C0001%3A1%2CC0003%3A1%2CC0004%3A1%2CC0002%3A1%2CSSPD_BG%3A0%2CC0005%3A0&AwaitingReconsent=false",
        SALE,
    ),
    Case(optanon("1%3A1%2CC0003%3A1%2C2%3A1%2C4%3A0%2CSSPD_BG%3A0%2CC007%3A0%2CC008%3A0"), SALE),
    Case(optanon("C0001%3A1%2CC0003%3A1%2CSPD_BG%3A0%2CC0002%3A0%2CC0004%3A0"), SALE),
    # Each generation's own opt-out, alone.
    *(
        Case(optanon(f"C0001%3A1%2CC0004%3A1%2C{group}%3A0"), SALE)
        for group in ("SPD_BG", "SSPD_BG", "OSSTA_BG", "COSPDTA_BG", "C0005", "C007", "BG12", "V2STACK42")
    ),
    Case(optanon("C0001%3A1%2CC0002%3A1%2CC0003%3A1%2CC0004%3A0"), SALE),
    Case(optanon("1%3A1%2C2%3A1%2C3%3A1%2C4%3A0"), SALE),
    Case(f"OptanonConsent={FIRST_YEARS}&groups=1%3A1%2C2%3A1%2C4%3A0%2C0_20504%3A0", SALE),
    Case(f"OptanonConsent={FIRST_YEARS}&groups=0_179421%3A1%2Csnc%3A1%2Cprf%3A1%2Cfnc%3A1%2Ctrg%3A0", SALE),
    # The signal was seen, whatever the groups say: it was a request to opt out.
    Case(optanon(ALL_ON, "isGpcEnabled=1"), SALE),
    Case(optanon(ALL_ON, "isGpcEnabled=0&browserGpcFlag=1"), SALE),
    Case(f"{optanon(ALL_ON)}; OneTrustWPCCPAGoogleOptOut=true", SALE),
    # Not encoded, encoded anew as a whole, twice, and with a byte before it that is no UTF-8.
    Case("OptanonConsent=isGpcEnabled=0&groups=C0001:1,C0002:1,C0004:0", SALE),
    Case(
        "OptanonConsent=isGpcEnabled%3D0%26hosts%3D%26groups%3DC0001%253A1%252CC0004%253A0%26intType%3D2",
        SALE,
    ),
    Case("OptanonConsent=isGpcEnabled%3D0%26groups%3DC0001%3A1%2CC0004%3A0%26genVendors%3D", SALE),
    Case("OptanonConsent=isGpcEnabled%253D0%2526groups%253DC0001%25253A1%25252CC0004%25253A0", SALE),
    Case(optanon("C0001%3A1%2CC0004%3A0", "isGpcEnabled=0&zone=heure+d%E9t%E9"), SALE),
    Case('OptanonConsent="isGpcEnabled=0&groups=C0001%3A1%2CC0004%3A0"', SALE),
    # Two cookies of one name: a denial in either.
    Case(f"{optanon(ALL_ON)}; {optanon('C0001%3A1%2CC0004%3A0')}", SALE),
    Case(f"{optanon('C0001%3A1%2CC0004%3A0')}; {optanon(ALL_ON)}", SALE),
    # What can't be read.
    Case("OptanonConsent=isGpcEnabled=0&datestamp=Wed", SALE),
    Case(optanon(""), SALE),
    Case(optanon("C0001"), SALE),
    Case(optanon("C0001%3A1%2CC0004%3A"), SALE),
    Case(optanon("C0001%3A1%2CC0004%3Atrue"), SALE),
    Case("OptanonConsent=%%%", SALE),
    Case(optanon(ALL_ON, "x=" + "y" * 9000), SALE),
    # Nothing was refused that is sale, sharing or advertising.
    Case(optanon(ALL_ON), NOTHING),
    Case(optanon("C0001%3A1%2CC0002%3A0%2CC0003%3A0%2CC0004%3A1%2CSSPD_BG%3A1"), NOTHING),
    Case(optanon("1%3A1%2C2%3A0%2C3%3A0%2C4%3A1%2C101%3A1"), NOTHING),
    Case(optanon("s00%3A1%2Cf00%3A1%2Cm00%3A1%2Ct00%3A1"), NOTHING),
    Case(f"OptanonConsent={FIRST_YEARS}&groups=0_179751%3A1%2C1%3A1%2C2%3A1%2C3%3A1%2C4%3A1", NOTHING),
    Case(optanon(ALL_ON, after="&path=%2F%26groups%3DC0004%3A0"), NOTHING),
    Case(
        f"{optanon(ALL_ON)}; OneTrustWPCCPAGoogleOptOut=false; OptanonAlertBoxClosed=2024-07-10T17:48:30.074Z",
        NOTHING,
    ),
    Case("OptanonConsent=", NOTHING),
    Case(f"NotOptanonConsent=groups=C0004:0; {optanon(ALL_ON)}", NOTHING),
    Case("other=OptanonConsent=groups=C0004:0", NOTHING),
)
STAMP: Final = "stamp:%27GvMXWJ2mLXTv1ZeIZAJ+2r/7hEAEEZyg==%27"
COOKIEBOT: Final = (
    Case(
        f"CookieConsent={{{STAMP}%2Cnecessary:true%2Cpreferences:true%2Cstatistics:true%2Cmarketing:false%2Cmethod:%27explicit%27%2Cver:1%2Cutc:1738313789122%2Cregion:%27us-06%27}}",
        SALE,
    ),
    Case(
        f"CookieConsent={{{STAMP}%2Cnecessary:true%2Cpreferences:false%2Cstatistics:false%2Cmarketing:false%2Cver:1}}",
        SALE,
    ),
    Case(
        "CookieConsent=%7Bstamp%3A%27abc%3D%27%2Cnecessary%3Atrue%2Cmarketing%3Afalse%2Cmethod%3A%27explicit%27%7D",
        SALE,
    ),
    Case("CookieConsent=%257Bstamp%253A%2527abc%2527%252Cmarketing%253Afalse%257D", SALE),
    Case('CookieConsent={"necessary":true,"marketing":false}', SALE),
    Case("CookieConsent=0", SALE),
    Case(f"CookieConsent={{{STAMP}%2Cnecessary:true", SALE),
    Case("CookieConsent=2", SALE),
    Case("CookieConsent=-1", NOTHING),
    Case(
        "CookieConsent={stamp:%27-1%27%2Cnecessary:true%2Cpreferences:true%2Cstatistics:true%2Cmarketing:true%2Cmethod:%27implied%27%2Cver:1%2Cutc:1751841903047%2Cregion:%27US-37%27}",
        NOTHING,
    ),
    Case(
        f"CookieConsent={{{STAMP}%2Cnecessary:true%2Cpreferences:false%2Cstatistics:false%2Cmarketing:true%2Cver:4}}",
        NOTHING,
    ),
)


def encoded(categories: dict[str, bool]) -> str:
    """The WordPress plugin's cookie with these categories."""
    return "CookieLawInfoConsent=" + base64.b64encode(json.dumps(categories).encode()).decode()


COOKIEYES: Final = (
    Case(
        "cookieyes-consent=consentid:QnVsbA,consent:no,action:yes,necessary:yes,functional:no,analytics:no,performance:no,advertisement:no,other:no",
        SALE,
    ),
    Case(
        "cookieyes-consent=consentid%3AQnVsbA%2Cconsent%3Ayes%2Caction%3Ayes%2Cnecessary%3Ayes%2Canalytics%3Ayes%2Cadvertisement%3Ano",
        SALE,
    ),
    Case(
        "cookieyes-consent=,consentid:QnVsbA,consent:no,action:yes,necessary:yes,functional:no,analytics:no,",
        SALE,
    ),
    Case(
        "cookieyes-consent=consentid:QnVsbA,consent:yes,action:yes,necessary:yes,advertisement:yes,social:no",
        SALE,
    ),
    Case("cookieyes-consent=consentid:QnVsbA", SALE),
    Case("cky-consent=no; cky-action=yes; cookieyes-necessary=yes; cookieyes-advertisement=no", SALE),
    Case("cky-consent=yes; cky-action=yes; cookieyes-necessary=yes; cookieyes-advertisement=no", SALE),
    Case(
        "viewed_cookie_policy=yes; cookielawinfo-checkbox-necessary=yes; cookielawinfo-checkbox-advertisement=no",
        SALE,
    ),
    Case("viewed_cookie_policy=yes; cookielawinfo-checkbox-non-necessary=no", SALE),
    Case("viewed_cookie_policy=no", SALE),
    Case(
        encoded({"necessary": True, "functional": False, "advertisement": False, "others": False}),
        SALE,
    ),
    Case(quote(encoded({"necessary": True, "non-necessary": False}), safe="="), SALE),
    Case("CookieLawInfoConsent=ey-broken", SALE),
    Case(
        "cookieyes-consent=consentid:QnVsbA,consent:no,action:,necessary:yes,functional:no,analytics:no,performance:no,advertisement:no,other:no,lastRenewedDate:1751660224000",
        NOTHING,
    ),
    Case(
        "cookieyes-consent=consentid:QnVsbA,consent:yes,action:yes,necessary:yes,functional:yes,analytics:no,performance:no,advertisement:yes,other:no",
        NOTHING,
    ),
    Case(
        "cky-consent=yes; cookieyes-necessary=yes; cookieyes-analytics=no; cookieyes-advertisement=yes",
        NOTHING,
    ),
    Case(
        encoded({"necessary": True, "non-necessary": True}) + "; viewed_cookie_policy=yes",
        NOTHING,
    ),
    Case("cookielawinfo-checkbox-necessary=yes; cookielawinfo-checkbox-analytics=no", NOTHING),
)
TRUSTARC: Final = (
    Case(
        "notice_behavior=implied,us; gpcishonored=true; notice_preferences=0:; notice_gdpr_prefs=0::implied,us",
        SALE,
    ),
    Case("notice_preferences=0:", SALE),
    Case("notice_preferences=1:", SALE),
    Case("notice_preferences=1%3Acb8350a2759273dccf1e483791e6f8fd", SALE),
    Case("notice_gdpr_prefs=0:", SALE),
    Case("notice_gdpr_prefs=0,1:1a8b5228dd7ff0717196863a5d28ce6c", SALE),
    Case("notice_gdpr_prefs=0|1:", SALE),
    Case("notice_gdpr_prefs=0%2C1%3A%3Aimplied%2Ceu", SALE),
    Case("cmapi_cookie_privacy=permit 1 required", SALE),
    Case("cmapi_cookie_privacy=permit%201%2C2", SALE),
    Case("cmapi_cookie_privacy=permit_1|2", SALE),
    Case("gpcishonored=true; notice_preferences=2:", SALE),
    Case("notice_preferences=2:; notice_gdpr_prefs=0,1:", SALE),
    Case('cmapi_cookie_privacy={"f":true,"a":false}', SALE),
    Case("notice_preferences=x", SALE),
    Case("notice_preferences=2:; notice_gdpr_prefs=0,1,2:; cmapi_cookie_privacy=permit 1,2,3", NOTHING),
    Case("notice_preferences=3:; notice_gdpr_prefs=0,1,2,3:; cmapi_cookie_privacy=permit 1,2,3,4", NOTHING),
    Case("notice_gdpr_prefs=0|1|2:; cmapi_cookie_privacy=permit_1|2|3", NOTHING),
    Case("notice_preferences=2%3A; cmapi_cookie_privacy=permit%201%2C2%2C3", NOTHING),
    Case("notice_behavior=expressed,eu; notice_gdpr_prefs=0,2::implied,us; gpcishonored=false", NOTHING),
)
COMPLIANZ: Final = (
    Case(
        "cmplz_banner-status=dismissed; cmplz_marketing=deny; cmplz_statistics=deny; cmplz_functional=allow",
        SALE,
    ),
    Case("cmplz_rt_banner-status=dismissed; cmplz_rt_marketing=deny", SALE),
    Case("complianz_policy_id=12; complianz_consent_status=deny", SALE),
    Case("cmplz_consent_status=deny", SALE),
    Case("cmplz_rt_consent_status=deny", SALE),
    Case("complianz_consent_status=dismiss", SALE),
    Case("cmplz_marketing=%22deny%22", SALE),
    Case("cmplz_marketing=maybe", SALE),
    Case(
        "cmplz_marketing=allow; cmplz_statistics=deny; cmplz_preferences=deny; cmplz_banner-status=dismissed",
        NOTHING,
    ),
    Case("cmplz_rt_marketing=allow; complianz_consent_status=allow", NOTHING),
    Case("cmplz_marketing=%22allow%22", NOTHING),
)
US_PRIVACY: Final = (
    *(
        Case(f"usprivacy={text}", SALE)
        for text in ("1YYN", "1yyn", "1YYY", "1-Y-", "%221YYN%22", "1Y", "1YXN", "opted-out")
    ),
    *(Case(f"usprivacy={text}", NOTHING) for text in ("1YNN", "1ynn", "1---", "1YN-", "%221YNN%22", "")),
)
TABLE: Final = {
    "onetrust": ONETRUST,
    "cookiebot": COOKIEBOT,
    "cookieyes": COOKIEYES,
    "trustarc": TRUSTARC,
    "complianz": COMPLIANZ,
    "usprivacy": US_PRIVACY,
}
