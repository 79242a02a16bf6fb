//! The page in a real browser: headless Chromium opens it, clicks and filters. Without Chromium
//! these tests say so and pass.

use std::path::Path;
use std::process::Command;

use bletwin_explain::html::{Exhibit, page};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;

use crate::tools;

fn browser() -> Option<&'static str> {
    let works = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(works);
    if found.is_none() {
        tools::skip("Chromium", "Debian: apt-get install chromium");
    }
    found
}

fn chromium(name: &str, folder: &Path, extra: &[&str], page: &Path) -> Vec<u8> {
    let output = Command::new(name)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg("--virtual-time-budget=4000")
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(extra)
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("Chromium starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn play(set: &[&str]) -> Finished {
    let mut setup = Setup::new("zephyr-2024", "windows-intel", 1).expect("known names");
    for assignment in set {
        setup.set(assignment).expect("a known key");
    }
    Stage::new(catalogue::by_name("pairing").expect("known"), &setup).play()
}

/// The failing run beside the cured one, with a script that does what a reader would do.
fn visited(folder: &Path, actions: &str) -> std::path::PathBuf {
    let (failing, cured) = (play(&[]), play(&["phy-update=after-bonding"]));
    let mut out = Vec::new();
    page("The case", &[Exhibit::of(&failing), Exhibit::of(&cured)], &mut out).expect("writes");
    let text = String::from_utf8(out).expect("UTF-8");
    let reader = format!(
        "<script>addEventListener('error', e => said('error ' + e.message));\
         const said = text => document.body.append('§' + text + '§');\
         setTimeout(() => {{ {actions} }}, 50);</script></body>"
    );
    let path = folder.join("page.html");
    std::fs::write(&path, text.replacen("</body>", &reader, 1)).expect("writable");
    path
}

const ACTIONS: &str = "
    const all = s => [...document.querySelectorAll(s)];
    const count = text => all('.mark title').filter(t => t.textContent.includes(text)).length;
    said('runs ' + all('svg.ladder').length);
    said('requests ' + count('LL_PHY_REQ'));
    said('unanswered ' + all('.procedure.unanswered.decisive title').map(t => t.textContent)[0]);
    said('marked in words ' + all('.card.bad details summary').map(d => d.textContent).join(' / '));
    said('folded ' + all('.folded title').map(t => t.textContent)
        .filter(t => t.includes('passkey')).join());
    const heights = run => new Map([...all('.run')[run].querySelectorAll('.mark .time')].reverse()
        .map(t => [t.textContent, t.getAttribute('y')]));
    const [left, right] = [heights(0), heights(1)];
    const both = [...left.keys()].filter(time => right.has(time));
    const level = time => left.get(time) === right.get(time);
    said('aligned ' + (both.length >= 15 && both.every(level)));
    const label = document.querySelector('.overlap-text');
    const request = all('.mark.decisive').find(m => m.textContent.includes('LL_PHY_REQ'));
    const y = e => Number(e.getAttribute('y'));
    said('overlap begins ' + (y(request.querySelector('.time')) - y(label)) +
        ' above its request, at ' + Math.round(label.dataset.from / 1e6) + ' ms');
    all('[data-fold]').forEach(
        fold => fold.dispatchEvent(new MouseEvent('click', { bubbles: true })));
    said('unfolded ' + all('.mark').some(m => m.textContent.includes('LE Set Phy')));
    scrollTo(0, 1500);
    const names = document.querySelector('.lanes').getBoundingClientRect();
    said('lane names in sight ' + (names.top >= 0 && names.bottom < innerHeight));
    scrollTo(0, 0);
    said('legend ' + document.querySelectorAll('#legend li').length);
    said('overlaps ' + all('.overlap-text').map(t => t.textContent).join());
    document.getElementById('decisive').click();
    said('detail ' + document.querySelector('#facts h3').textContent);
    said('octets ' + document.querySelector('#facts pre').textContent);
    document.getElementById('close').click();
    said('closed ' + document.getElementById('detail').hidden);
    const tall = () => Number(document.querySelector('svg.ladder').getAttribute('height'));
    const before = tall();
    for (let i = 0; i < 4; i++) document.getElementById('in').click();
    said('zoomed ' + (tall() > before));
    document.querySelector('[data-kind=control]').click();
    said('without control ' + count('LL_PHY_REQ'));
    document.querySelector('[data-kind=control]').click();
    const search = document.getElementById('search');
    search.value = 'll_phy';
    search.dispatchEvent(new Event('input'));
    const title = m => m.querySelector('title').textContent;
    said('searched ' + all('.mark').every(m => title(m).includes('LL_PHY')));
    search.value = 'phy';
    search.dispatchEvent(new Event('input'));
    const about = all('.mark').map(title);
    said('about phy ' + (about.length > 3 && about.every(text => /phy/i.test(text))));
    search.value = '0x1602';
    search.dispatchEvent(new Event('input'));
    said('octets ' + all('.mark').every(m => title(m).includes('LL_PHY_REQ')));
    search.value = '';
    search.dispatchEvent(new Event('input'));
    all('.mark').find(m => m.textContent.includes('SMP Pairing Request'))
        .dispatchEvent(new MouseEvent('click', { bubbles: true }));
    said('clicked ' + document.querySelector('#facts h3').textContent);
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown' }));
    said('stepped ' + (document.querySelector('#facts h3').textContent !== 'SMP Pairing Request'));
";

#[test]
fn a_reader_can_click_zoom_filter_and_search() {
    let Some(name) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = visited(folder.path(), ACTIONS);
    let dom = chromium(name, folder.path(), &["--dump-dom"], &path);
    insta::assert_snapshot!(said(&dom));
}

/// What the reader's script has said, in lines.
fn said(dom: &[u8]) -> String {
    let dom = String::from_utf8_lossy(dom);
    let end = dom.rsplit("</script>").next().unwrap_or_default();
    let parts: Vec<&str> = end.split('§').filter(|part| part.contains(' ')).collect();
    parts.join("\n")
}

/// With so little room the peripheral's half was out of sight.
#[test]
fn a_small_window_shows_both_devices() {
    let Some(name) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let actions = "
        const right = Math.max(...[...document.querySelectorAll('.ladder text, .lanes text')]
            .map(t => t.getBoundingClientRect().right));
        const wide = document.documentElement.scrollWidth;
        said('fits ' + (right <= innerWidth + 1 && wide <= innerWidth));
        said('names ' + [...document.querySelectorAll('.run:first-child .lanes text')]
            .map(t => t.textContent).join());
        const hci = [...document.querySelectorAll('.mark')]
            .find(m => m.textContent.includes('ACL data'));
        said('readable ' + hci.querySelector('.label').textContent);";
    let path = visited(folder.path(), actions);
    let dom = chromium(name, folder.path(), &["--window-size=420,900", "--dump-dom"], &path);
    let said = said(&dom);
    assert!(said.contains("fits true"), "{said}");
    assert!(said.contains("names central,air,peripheral"), "{said}");
    assert!(said.contains("readable ACL data, 11 octets"), "{said}");
}

#[test]
fn it_can_be_looked_at_on_a_large_and_a_small_window() {
    let Some(name) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = visited(folder.path(), "");
    for size in ["1400,1200", "420,900"] {
        let picture = folder.path().join("picture.png");
        let extra = [
            &format!("--window-size={size}") as &str,
            &format!("--screenshot={}", picture.display()),
        ];
        chromium(name, folder.path(), &extra, &path);
        let png = std::fs::read(&picture).expect("a screenshot");
        assert!(png.starts_with(b"\x89PNG") && png.len() > 20_000, "{size}: {}", png.len());
    }
}
