from __future__ import annotations

import pytest

import wharfinger
from wharfinger_sfmc.settings import base_url, subdomain_problem, warnings

INJECTIONS = [
    "evil.example/mc",
    "evil.example",
    "user@evil",
    "mc#",
    "mc?x=1",
    "mc:443",
    "mc sample",
    "mc/../evil",
    "",
    " ",
    "mc\n",
    "\nmc",
    "mc\x00",
    "mcß",
    "mc\u0430",  # a Cyrillic letter is the point
    "１２３",  # noqa: RUF001  # digits, but not those of a host name
    "mc%2Eevil",
    "mc\\evil",
    "m_c",
    "a" * 64,
]


@pytest.mark.parametrize("subdomain", ["mc-sample", "MC123", "a", "a" * 63, "mcsample-xxxx", "mc-"])
def test_one_dns_label_is_accepted(subdomain):
    assert subdomain_problem(subdomain) is None


@pytest.mark.parametrize("subdomain", INJECTIONS)
def test_whatever_could_lead_to_another_host_is_refused(plugins, raw_settings, subdomain):
    config = {
        "destination": "salesforce-marketing-cloud",
        "settings": {**raw_settings, "subdomain": subdomain},
    }

    with pytest.raises(wharfinger.ConfigurationError) as caught:
        plugins.connect(config)

    (problem,) = caught.value.problems
    assert problem.path == ("settings", "subdomain")
    assert "Subdomain" in problem.message


@pytest.mark.parametrize("subdomain", [*INJECTIONS, None, 7, b"mc", ["mc"]])
def test_the_subdomain_is_looked_at_again_where_an_address_is_made(settings, subdomain):
    object.__setattr__(settings, "subdomain", subdomain)

    with pytest.raises(wharfinger.ConfigurationError, match="Subdomain"):
        base_url(settings, "auth")


@pytest.mark.parametrize(
    "pasted",
    [
        "https://mc-sample.rest.marketingcloudapis.com/",
        "https://mc-sample.auth.marketingcloudapis.com/v2/token",
        "http://mc-sample.soap.marketingcloudapis.com",
        "mc-sample.rest.marketingcloudapis.com",
        " https://MC-sample.rest.marketingcloudapis.com/ ",
        "https://mc-sample.rest.marketingcloudapis.com:443/?a=b#c",
    ],
)
def test_who_pastes_an_address_is_told_what_to_paste_instead(plugins, raw_settings, pasted):
    config = {
        "destination": "salesforce-marketing-cloud",
        "settings": {**raw_settings, "subdomain": pasted},
    }

    with pytest.raises(wharfinger.ConfigurationError, match=r'(?i)paste only "mc-sample"'):
        plugins.connect(config)


def test_an_address_elsewhere_is_not_taken_for_a_tenants():
    problem = subdomain_problem("https://mc-sample.rest.marketingcloudapis.com.evil.example/")

    assert problem is not None
    assert "paste only" not in problem


def test_a_long_subdomain_is_not_repeated_in_full():
    problem = subdomain_problem("x" * 10_000)

    assert problem is not None
    assert len(problem) < 500


@pytest.mark.parametrize(
    ("subdomain", "warned"),
    [
        ("mcsample0sample0sample0sampl", False),
        ("mc-ample0sample0sample0sam-l", False),
        ("MCsample0sample0sample0sampl", False),
        ("mcsample", True),
        ("xxsample0sample0sample0sampl", True),
        ("mcsample0sample0sample0sample", True),
    ],
)
def test_an_unusual_subdomain_is_a_warning(plugins, raw_settings, subdomain, warned):
    connection = plugins.connect(
        {
            "destination": "salesforce-marketing-cloud",
            "settings": {**raw_settings, "subdomain": subdomain},
        }
    )

    assert [(f.level, f.subject) for f in connection.warnings] == [
        ("warning", "Subdomain")
    ] * warned
    assert all(f.fix for f in connection.warnings)
    assert len(warnings(connection.settings)) == warned


@pytest.mark.parametrize(
    ("setting", "label"),
    [
        ("account_id", "Account ID"),
        ("client_id", "Client ID"),
        ("client_secret", "Client Secret"),
        ("subdomain", "Subdomain"),
    ],
)
def test_a_setting_that_is_missing_is_named_by_its_label(plugins, raw_settings, setting, label):
    del raw_settings[setting]

    with pytest.raises(wharfinger.ConfigurationError, match=label):
        plugins.connect({"destination": "salesforce-marketing-cloud", "settings": raw_settings})


@pytest.mark.parametrize("account_id", ["12a", "", "1 2", "-5", "١٢٣", "5.0", None, [], True])
def test_an_account_id_is_digits(plugins, raw_settings, account_id):
    raw_settings["account_id"] = account_id

    with pytest.raises(wharfinger.ConfigurationError, match="Account ID"):
        plugins.connect({"destination": "salesforce-marketing-cloud", "settings": raw_settings})


def test_an_account_id_may_be_written_as_a_number(plugins, raw_settings):
    raw_settings["account_id"] = 510001234
    connection = plugins.connect(
        {"destination": "salesforce-marketing-cloud", "settings": raw_settings}
    )

    assert connection.settings.account_id == "510001234"


def test_the_secret_is_in_no_repr_and_in_no_error(plugins, raw_settings):
    secret = raw_settings["client_secret"]
    config = {"destination": "salesforce-marketing-cloud", "settings": raw_settings}
    connection = plugins.connect(config)

    assert secret not in repr(connection.settings)
    assert secret not in repr(connection)

    raw_settings["subdomain"] = "evil.example"
    with pytest.raises(wharfinger.ConfigurationError) as caught:
        plugins.connect(config)
    assert secret not in str(caught.value)
    assert secret not in repr(caught.value)
