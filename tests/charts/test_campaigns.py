"""Signups and purchases by campaign."""

from webapp.charts.campaigns import CampaignBar, campaigns_chart


def test_each_campaign_has_two_bars():
    bars = [CampaignBar("autumn · x", 5, 9), CampaignBar("spring", 2, 0)]
    signups, purchases = campaigns_chart(bars, signups="Signups", purchases="Purchases").data
    assert {signups["type"], purchases["type"]} == {"bar"}
    assert signups["y"] == purchases["y"] == ["autumn<br>x", "spring"]
    assert (signups["name"], signups["x"]) == ("Signups", [5, 2])
    assert (purchases["name"], purchases["x"]) == ("Purchases", [9, 0])


def test_names_that_look_alike_are_numbered_and_long_ones_cut():
    long = "a campaign with a name that nobody can read"
    bars = [CampaignBar(f"{long} one", 3, 0), CampaignBar(f"{long} two", 2, 0), CampaignBar("<i>", 1, 0)]
    names = campaigns_chart(bars, signups="", purchases="").data[0]["y"]
    assert names[0] == "a campaign with a name that…"
    assert names[1] == "a campaign with a name that… (2)"
    assert names[2] == "&lt;i&gt;"
