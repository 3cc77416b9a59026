// A single-page client. The gateway says who is signed in, the API gives the rest; there is no token here.
const $ = (id) => document.getElementById(id);

async function ask(path, options) {
  const response = await fetch(path, { headers: { accept: 'application/json' }, ...options });
  const body = response.status === 204 ? null : await response.json().catch(() => null);
  return { ok: response.ok, status: response.status, body };
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;

function line(survey) {
  const item = document.createElement('li');
  item.className = 'card';
  item.dataset.survey = survey.id;
  const link = document.createElement('a');
  link.href = `/surveys/${survey.id}`;
  link.textContent = survey.title;
  const heading = document.createElement('h2');
  heading.append(link);
  const facts = document.createElement('p');
  facts.className = 'facts';
  facts.textContent = `${survey.author.name} · ${count(survey.questions.length, 'question')} · ${count(survey.answers, 'answer')}`;
  item.append(heading, facts);
  return item;
}

async function showSurveys() {
  const { ok, body } = await ask('/api/surveys');
  $('surveys').replaceChildren(...(ok ? body.surveys.map(line) : []));
  $('state').textContent = ok ? `${count(body.surveys.length, 'survey')} at ${body.tenant.name}` : body?.detail ?? 'Not available right now.';
}

async function start() {
  const session = await ask('/.partywall/session');
  const me = await ask('/api/me');
  $('session').textContent = JSON.stringify(session.body, null, 2);
  if (!me.body?.user) {
    $('state').textContent = 'You are not signed in.';
    $('sign-in').hidden = false;
    return;
  }
  $('who').textContent = `${me.body.user.name ?? me.body.user.id} at ${me.body.tenant.name}`;
  await showSurveys();
  new EventSource('/live').addEventListener('answered', showSurveys);
  $('ask').hidden = !me.body.roles.some((role) => role === 'creator' || role === 'admin');
}

$('ask').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const survey = { title: form.get('title'), questions: [{ prompt: form.get('prompt'), kind: 'text' }] };
  const { ok, body } = await ask('/api/surveys', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(survey),
  });
  $('trouble').textContent = ok ? '' : body?.detail ?? 'That did not work.';
  if (ok) {
    event.target.reset();
    await showSurveys();
  }
});

start();
