"""The JSON API."""

from site_server import SiteServer

ADA = {
    "name": "Ada",
    "slug": "ada",
    "bio": "Writes",
    "affiliations": [{"organisation": "Engine Society", "role": "member", "since": 1842}],
}


def test_create_read_change(site: SiteServer) -> None:
    ada = site.client.login("ada")
    made = ada.send("POST", "/api/people/", ADA)
    assert (made.status, made.headers["Location"]) == (201, "/api/people/ada/"), made.text
    assert {**made.json, "updatedAt": None} == {**ADA, "updatedAt": None}
    changed = ada.send("PATCH", "/api/people/ada/", {"bio": "Writes programs"})
    assert (changed.status, changed.json["bio"], changed.json["affiliations"]) == (200, "Writes programs", ADA["affiliations"])
    put = ada.send("PUT", "/api/people/ada/", {"name": "Ada Example", "slug": "ada-example"})
    assert (put.json["bio"], put.json["affiliations"]) == ("", [])
    assert site.client.get("/api/people/ada/").status == 404
    assert site.client.get("/api/people/ada-example/").json == put.json


def test_list_and_search(site: SiteServer) -> None:
    ada = site.client.login("ada")
    ada.send("POST", "/api/people/", ADA)
    ada.send("POST", "/api/people/", {"name": "Bo", "slug": "bo"})
    everybody = site.client.get("/api/people/").json
    assert ([one["slug"] for one in everybody["people"]], everybody["total"], everybody["pages"]) == (["ada", "bo"], 2, 1)
    assert [one["slug"] for one in site.client.get("/api/people/?q=engine").json["people"]] == ["ada"]


def test_who_may_change(site: SiteServer) -> None:
    assert site.client.login("ada").send("POST", "/api/people/", ADA).status == 201
    assert site.client.send("POST", "/api/people/", ADA).status == 401
    assert site.client.send("PATCH", "/api/people/ada/", {"bio": ""}).status == 401
    assert site.client.login("bob").send("PATCH", "/api/people/ada/", {"bio": ""}).status == 403
    assert site.client.login("staff").send("PATCH", "/api/people/ada/", {"bio": ""}).status == 200
    answer = site.client.login("ada").request("POST", "/api/people/", b"{}", {"Content-Type": "application/json"})
    assert answer.status == 403
    assert "X-CSRFToken" in answer.json["error"]


def test_wrong_bodies_name_the_fields(site: SiteServer) -> None:
    ada = site.client.login("ada")
    answer = ada.send("POST", "/api/people/", {"slug": "not a slug", "affiliations": [{"since": 1}]})
    assert answer.status == 400
    assert sorted(answer.json["fields"]) == ["affiliations", "name", "slug"]
    assert sorted(answer.json["fields"]["affiliations"][0]) == ["organisation", "since"]
    for wrong in ([], None, {"unknown": 1}, {"name": "x", "slug": "x", "affiliations": "text"}, {"name": {}, "slug": ["x"]}):
        assert ada.send("POST", "/api/people/", wrong).status == 400
    for text in ("\ud800", "\0"):
        assert ada.send("POST", "/api/people/", {"name": text, "slug": "x"}).status == 400
    assert site.client.get("/api/people/?q=%00").status == 200
    assert site.client.get("/api/people/?q=%ff&page=x").status == 200
    assert ada.request("DELETE", "/api/people/ada/", headers={"X-CSRFToken": ada.cookie("csrftoken") or ""}).status == 405
    assert site.client.get("/api/people/").json["total"] == 0
