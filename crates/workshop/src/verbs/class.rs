//! `class`, `join`, `leave`: the instructor's wall, and who is on it.

use std::{
    fs,
    net::{IpAddr, UdpSocket},
    time::Duration,
};

use message_store::Draft;
use server::{Options, program};

use super::Setting;
use crate::{
    class::{
        is_near,
        joined::{self, Joined, Unsent},
        report::Standing,
        wall::{MAX_CONNECTIONS, Wall},
    },
    learner::{Learner, Trouble},
    terminal::{Style, print, wrap},
};

/// The test network of RFC 5737: nobody is there, and the way there leads over the network's own address.
const FAR: &str = "192.0.2.1:9";

/// How long what is under way is waited for when the wall stops.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// Serves the wall until Ctrl-C.
///
/// # Errors
///
/// The address is none of a local network, or cannot be listened on.
pub fn class(setting: &Setting, place: &Place) -> Result<(), Trouble> {
    let listen = place.address()?;
    let folder = joined::folder_of_wall(&setting.repository.my);
    fs::create_dir_all(&folder)?;
    let kept = folder.join("wall.json");
    if place.anew && kept.exists() {
        fs::rename(&kept, folder.join("wall.before.json"))?;
    }
    let tracks = setting.repository.all()?;
    let options =
        Options { port: place.port, listen, max_connections: MAX_CONNECTIONS, ..Options::default() };
    let runtime = tokio::runtime::Runtime::new()?;
    let served = runtime.block_on(async {
        let wall = Wall::bind(&options, &kept, &tracks).await?;
        let address = program::url(&wall.context, &wall.listener);
        print(format!("listening on {address}\n"));
        let join = format!("cargo workshop join {address} --name NAME");
        print(wrap("The wall is at that address, for a browser. Learners put themselves on it:", ""));
        print(format!("  {}\n", setting.paint.text(Style::Cyan, join)));
        if listen.is_none() {
            print(wrap("It is for this machine only; with --lan, for its local network.", ""));
        }
        print(wrap("What they told is kept over a restart; --anew begins anew. Ctrl-C stops it.", ""));
        wall.serve(address).await
    });
    runtime.shutdown_timeout(STOP_LIMIT);
    Ok(served?)
}

/// Where a wall is to be.
#[derive(Clone, Debug)]
pub struct Place {
    /// The address to listen on; without it loopback.
    pub listen: Option<IpAddr>,
    /// This machine's address in its local network.
    pub lan: bool,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Forget who was on it.
    pub anew: bool,
}

impl Place {
    fn address(&self) -> Result<Option<IpAddr>, Trouble> {
        let address = if self.lan { Some(own_address()?) } else { self.listen };
        match address {
            Some(address) if !is_near(address) => Err(Trouble::Told(format!(
                "{address} is no address of a local network, and the wall is for nobody else; where this machine has \
                 one, say it with --listen ADDRESS"
            ))),
            address => Ok(address),
        }
    }
}

/// The address by which this machine is reached in its network. Nothing is sent to find it.
fn own_address() -> Result<IpAddr, Trouble> {
    let asked = || {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.connect(FAR)?;
        Ok::<_, std::io::Error>(socket.local_addr()?.ip())
    };
    asked().map_err(|error| {
        Trouble::Told(format!("this machine's address is not known ({error}); say it with --listen ADDRESS"))
    })
}

/// Joins a class: from now on each `check` is reported.
///
/// # Errors
///
/// The wall does not answer, or does not take the name.
pub fn join(setting: &Setting, address: &str, name: &str, shows_stuck: bool) -> Result<(), Trouble> {
    let repository = &setting.repository;
    let name = Draft::new(name, "-", None).map_err(|error| Trouble::Told(error.to_string()))?;
    let mut joined = Joined::new(address, name.user(), shows_stuck)?;
    match Joined::read(repository) {
        // To join again is to change one's mind about what is shown.
        Some(before) if (&before.wall, &before.name) == (&joined.wall, &joined.name) => {
            joined.seat = before.seat;
        }
        Some(before) => {
            return Err(Trouble::Told(format!(
                "you are {} at {}; `cargo workshop leave` comes first",
                before.name, before.wall
            )));
        }
        None => {}
    }
    let report = joined.report(joined::standing_now(repository));
    joined.send(&report).map_err(|unsent| Trouble::Told(unsent.to_string()))?;
    joined.write(repository)?;
    let (name, wall) = (&joined.name, &joined.wall);
    print(setting.paint.text(Style::Green, format!("You are {name} on the wall at {wall}.\n")));
    let mut example = joined.report(joined::standing_now(repository));
    example.standing.passed = Some(false);
    if shows_stuck {
        example.standing.stuck_at = Some("reply-lengths".into());
    }
    let when = "Each `check`, also that of `watch`, sends this from now on, as `join` did just now. Nothing else is sent, but \
                that you leave, by `leave`:";
    print(wrap(when, ""));
    print(format!("  POST http://{wall}/reports\n"));
    for line in serde_json::to_string_pretty(&example).unwrap_or_default().lines() {
        print(format!("  {line}\n"));
    }
    let about = "The seat is a random number that makes the name yours; it is not shown. `passed` and the minutes are. \
                 No code, no file, no output is sent.";
    print(wrap(about, ""));
    let stuck = if shows_stuck {
        "Where a check fails, its name is sent, so that you are seen when you are stuck."
    } else {
        "Which check fails is not sent; join again with --stuck if you want to be seen when you are stuck."
    };
    print(wrap(stuck, ""));
    print("`cargo workshop leave` takes you off the wall.\n");
    Ok(())
}

/// Leaves the class: nothing is sent any more.
///
/// # Errors
///
/// No class was joined.
pub fn leave(setting: &Setting) -> Result<(), Trouble> {
    let repository = &setting.repository;
    let joined = Joined::read(repository)
        .ok_or_else(|| Trouble::Told("you are on no wall; nothing is sent".into()))?;
    let told = joined.send(&joined.report(Standing { left: true, ..Standing::default() }));
    Joined::forget(repository)?;
    print(format!("You have left the wall at {}. Nothing is sent any more.\n", joined.wall));
    if let Err(unsent) = told {
        print(wrap(&format!("Your name stands there until the instructor clears it, for {unsent}."), ""));
    }
    Ok(())
}

/// Reports a check to the class, if one was joined: where the learner stands now, whether it passed, which check failed.
/// Gives why it is not on the wall, which stops nobody.
pub fn report(setting: &Setting, learner: &Learner, passed: bool, failed: Option<&str>) -> Option<String> {
    let joined = Joined::read(&setting.repository)?;
    let mut standing = joined::standing(learner, Some(passed));
    standing.stuck_at = failed.filter(|_| joined.shows_stuck).map(str::to_owned);
    let unsent = joined.send(&joined.report(standing)).err()?;
    Some(match unsent {
        Unsent::Refused(_) => format!("not on the wall: {unsent}"),
        Unsent::Silent { .. } => format!("not on the wall, which the next check makes up for: {unsent}"),
    })
}
