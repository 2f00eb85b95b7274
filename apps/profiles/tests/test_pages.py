"""Pages, as a visitor sees them."""

import re

from site_server import SiteServer

LONG = {
    "name": "Ada Example",
    "slug": "ada",
    "bio": "Writes <b>programs</b>",
    "affiliations": "Engine Society; member; 1842\nClub",
}


def test_who_is_logged_in_adds_a_profile_that_everybody_reads(site: SiteServer) -> None:
    ada = site.client.login("ada")
    page = ada.get("/people/new/")
    assert 'name="affiliations"' in page.text
    saved = ada.post("/people/new/", LONG)
    assert "Writes &lt;b&gt;programs&lt;/b&gt;" in saved.text
    assert "<li>Engine Society, member, since 1842</li>" in saved.text
    assert ">Change</a>" in saved.text
    seen = site.client.get("/people/ada/")
    assert seen.status == 200
    assert "Ada Example" in seen.text
    assert ">Change</a>" not in seen.text


def test_the_owner_changes_a_profile_and_others_may_not(site: SiteServer) -> None:
    ada, bob = site.client.login("ada"), site.client.login("bob")
    ada.post("/people/new/", LONG)
    assert "Engine Society; member; 1842" in ada.get("/people/ada/edit/").text
    assert bob.get("/people/ada/edit/").status == 403
    assert bob.post("/people/ada/edit/", {**LONG, "name": "Bob"}).status == 403
    assert "New Name" in ada.post("/people/ada/edit/", {**LONG, "name": "New Name"}).text
    assert site.client.login("staff").post("/people/ada/edit/", {**LONG, "name": "By staff"}).status == 200


def test_wrong_fields_are_shown_in_the_form(site: SiteServer) -> None:
    ada = site.client.login("ada")
    ada.post("/people/new/", LONG)
    again = ada.post("/people/new/", LONG)
    assert "Person with this Slug already exists." in again.text
    assert (
        "four; parts; 1; x has more than three parts"
        in ada.post("/people/new/", {**LONG, "affiliations": "four; parts; 1; x"}).text
    )
    assert "greater than or equal to 1800" in ada.post("/people/new/", {**LONG, "slug": "b", "affiliations": "Club;;1"}).text
    assert "named twice" in ada.post("/people/new/", {**LONG, "slug": "b", "affiliations": "Club\nClub"}).text


def test_a_visitor_is_sent_to_the_login_and_a_form_without_token_refused(site: SiteServer) -> None:
    assert 'name="password"' in site.client.get("/people/new/").text
    assert site.client.request("POST", "/accounts/login/", b"username=ada&password=ada").status == 403


def test_search_in_names_texts_and_affiliations(site: SiteServer) -> None:
    staff = site.client.login("staff")
    people = {
        "ada": ("Ada Example", "Writes programs", "Engine Society"),
        "bo": ("Bo Other", "Sings", "Choir"),
        "cy": ("Cyd", "", ""),
    }
    for slug, (name, bio, affiliations) in people.items():
        staff.post("/people/new/", {"name": name, "slug": slug, "bio": bio, "affiliations": affiliations})

    def found(words: str) -> list[str]:
        return re.findall(r'href="/people/(\w+)/"', site.client.get(f"/?q={words}").text)

    assert found("") == ["ada", "bo", "cy"]
    assert found("programs") == ["ada"]
    assert found("exam") == ["ada"]
    assert found("choir") == ["bo"]
    assert found("-sings+cyd") == ["cy"]
    assert found("nobody") == []
    assert "“&lt;x&gt;”" in site.client.get("/?q=%3Cx%3E").text


def test_long_lists_have_pages(site: SiteServer) -> None:
    staff = site.client.login("staff")
    for number in range(21):
        assert staff.send("POST", "/api/people/", {"name": f"P {number:02}", "slug": f"p{number}"}).status == 201
    first, last = site.client.get("/"), site.client.get("/?page=2")
    assert "Page 1 of 2" in first.text
    assert "P 19" in first.text
    assert "P 20" not in first.text
    assert "P 20" in last.text


def test_what_is_not_there(site: SiteServer) -> None:
    assert site.client.get("/people/nobody/").status == 404
    assert site.client.get("/nowhere").status == 404


def test_files_are_compressed_and_kept_by_browsers(site: SiteServer) -> None:
    [address] = re.findall(r'href="(/static/people/site\.[0-9a-f]+\.css)"', site.client.get("/").text)
    answer = site.client.get(address, Accept_Encoding="gzip")
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert site.client.get("/admin/login/").status == 200


def test_another_host_name_is_refused_but_for_health(site: SiteServer) -> None:
    assert site.client.get("/", Host="elsewhere.test").status == 400
    assert site.client.get("/", Host="profiles.test").status == 200
    assert site.client.get("/health/", Host="172.20.0.7:5000").status == 200


def test_log_out(site: SiteServer) -> None:
    ada = site.client.login("ada")
    ada.get("/")
    assert ada.post("/accounts/logout/", {}).status == 200
    assert ada.get("/api/session/").json["user"] is None


def test_cookies_behind_https(migrated: dict[str, str], start) -> None:
    site = start({**migrated, "DJANGO_HTTPS": "true"})
    answer = site.client.get("/accounts/login/", X_Forwarded_Proto="https")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["X-Frame-Options"] == "DENY"
