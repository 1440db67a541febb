// What scripts add to every front page; the pages work without them.

const open = () => document.querySelectorAll('details.more[open]');

// 更多 closes on Esc (the focus goes back to it) and on a click elsewhere, as a menu does.
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const menu of open()) {
    menu.open = false;
    menu.querySelector('summary').focus();
  }
});
document.addEventListener('click', (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
});

// On a phone the navigation is wider than the screen: the page one is on is brought into sight.
const nav = document.querySelector('.nav');
const here = nav?.querySelector(':scope > [aria-current]') ?? nav?.querySelector('.more:has([aria-current])');
if (here && nav.scrollWidth > nav.clientWidth) nav.scrollLeft = here.offsetLeft - nav.clientWidth / 2 + here.offsetWidth / 2;
